/**
 * A target of rustc and the platform of its binary, with the fields of npm's package.json. `isReleased` platforms have a platform
 * package; the others can be built where they are the host.
 * @typedef {{target: string, platform: string, os: string, cpu: string, libc?: string, isReleased: boolean}} Target
 */

/** @type {readonly Target[]} Names of platforms are those of napi-rs. */
export const TARGETS = [
  released('x86_64-unknown-linux-gnu', 'linux-x64-gnu', 'glibc'),
  released('x86_64-unknown-linux-musl', 'linux-x64-musl', 'musl'),
  released('aarch64-unknown-linux-gnu', 'linux-arm64-gnu', 'glibc'),
  released('aarch64-unknown-linux-musl', 'linux-arm64-musl', 'musl'),
  released('x86_64-apple-darwin', 'darwin-x64'),
  released('aarch64-apple-darwin', 'darwin-arm64'),
  // Addons call Node.js by a C interface, which is the same for both of Windows' toolchains.
  released('x86_64-pc-windows-gnu', 'win32-x64-msvc'),
  { ...released('x86_64-pc-windows-msvc', 'win32-x64-msvc'), isReleased: false },
  { ...released('aarch64-pc-windows-msvc', 'win32-arm64-msvc'), isReleased: false },
];

/** The oldest C library that Node.js 20 supports. */
export const GLIBC = '2.28';

/** The oldest macOS that Node.js 20 supports on every processor. */
export const MACOS = '11.0';

/** Returns the file name of a platform's binary. */
export function binaryName(platform) {
  return `native.${platform}.node`;
}

/** Returns a target of the table by rustc's name. */
export function findTarget(name) {
  const found = TARGETS.find(({ target }) => target === name);
  if (found) return found;
  throw new Error(
    `${name} is not a known target. Use one of ${TARGETS.map(({ target }) => target).join(', ')}.`,
  );
}

/** Returns the targets with platform packages. */
export function releasedTargets() {
  return TARGETS.filter(({ isReleased }) => isReleased);
}

function released(target, platform, libc) {
  const [os, cpu] = platform.split('-');
  return { target, platform, os, cpu, ...(libc && { libc }), isReleased: true };
}
