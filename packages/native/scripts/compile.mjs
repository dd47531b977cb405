import { spawnSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { binaryName, GLIBC, MACOS } from './targets.mjs';
import { describeThirdParties } from './third-parties.mjs';

export const packageFolder = fileURLToPath(new URL('..', import.meta.url));
export const binariesFolder = join(packageFolder, 'binaries');
const crate = join(packageFolder, 'crate');

/** Returns rustc's name of this machine's target, or undefined if cargo is not installed. */
export function hostTarget() {
  if (output('cargo', '--version') === undefined) return undefined;
  return /host: (.*)/.exec(output('rustc', '-vV') ?? '')?.[1];
}

/**
 * Returns what a build for a target lacks on this machine and how to get it, or undefined if it lacks nothing.
 * @param host The result of `hostTarget`.
 * @param isCross Whether Zig compiles and links: for other systems than this machine, and for releases.
 */
export function missingFor({ target }, host, isCross = target !== host) {
  if (!host) return 'cargo is not installed. See https://rustup.rs.';
  if (isCross && target.endsWith('msvc'))
    return 'It is built on Windows with the MSVC toolchain, and not cross-compiled.';
  const library = output('rustc', '--print', 'target-libdir', '--target', target);
  if (!library || !existsSync(library)) {
    return `Rust's standard library for ${target} is not installed. Run rustup target add ${target}.`;
  }
  if (!isCross) return undefined;
  if (output('cargo', 'zigbuild', '--help') === undefined)
    return 'cargo-zigbuild is not installed. Run pip install cargo-zigbuild ziglang.';
  return undefined;
}

/**
 * Compiles the addon for a target, into `binaries/`, with the notices of the code that it contains.
 * @param host The result of `hostTarget`.
 * @param isCross As for `missingFor`.
 * @returns The path of the binary.
 * @throws Error if the compiler fails. Its output is on standard error.
 */
export function compileAddon({ target, platform }, host, isCross = target !== host) {
  const { version } = JSON.parse(readFileSync(join(packageFolder, 'package.json'), 'utf8'));
  const wanted = isCross && target.endsWith('linux-gnu') ? `${target}.${GLIBC}` : target;
  // Rust links musl statically by default, but a library that Node.js loads uses the system's.
  const flags = target.endsWith('musl') ? '-C target-feature=-crt-static' : '';
  const { status } = spawnSync(
    'cargo',
    [isCross ? 'zigbuild' : 'build', '--release', '--locked', '--target', wanted],
    {
      cwd: crate,
      env: {
        ...process.env,
        UNITSPHERE_NATIVE_VERSION: version,
        MACOSX_DEPLOYMENT_TARGET: MACOS,
        ...(flags && { RUSTFLAGS: `${process.env.RUSTFLAGS ?? ''} ${flags}`.trim() }),
      },
      stdio: 'inherit',
    },
  );
  if (status !== 0) throw new Error(`cargo failed for ${target}; see above.`);
  const targets = process.env.CARGO_TARGET_DIR ?? join(crate, 'target');
  const to = join(binariesFolder, binaryName(platform));
  mkdirSync(binariesFolder, { recursive: true });
  writeFileSync(`${to}.md`, describeThirdParties(crate, target));
  // Renamed into place: a process that has loaded the previous file keeps it.
  copyFileSync(join(targets, target, 'release', libraryName(target)), `${to}.new`);
  renameSync(`${to}.new`, to);
  return to;
}

function libraryName(target) {
  if (target.includes('windows')) return 'unitsphere_native.dll';
  return `libunitsphere_native.${target.includes('apple') ? 'dylib' : 'so'}`;
}

function output(command, ...args) {
  const { status, stdout } = spawnSync(command, args, { encoding: 'utf8' });
  return status === 0 ? stdout.trim() : undefined;
}
