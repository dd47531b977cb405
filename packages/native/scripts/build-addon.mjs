// npm run build:native: compiles the addon for this machine with cargo, into binaries/. Skipped where cargo is absent.
//   node scripts/build-addon.mjs [TARGET]   a target of rustc, such as aarch64-unknown-linux-gnu
// Other targets than this machine's need `rustup target add TARGET` and cargo-zigbuild, whose compiler and linker is Zig:
// `pip install cargo-zigbuild ziglang`.
import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, readFileSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Names of napi-rs platform packages by rustc's targets. */
const PLATFORMS = {
  'x86_64-unknown-linux-gnu': 'linux-x64-gnu',
  'x86_64-unknown-linux-musl': 'linux-x64-musl',
  'aarch64-unknown-linux-gnu': 'linux-arm64-gnu',
  'aarch64-unknown-linux-musl': 'linux-arm64-musl',
  'x86_64-apple-darwin': 'darwin-x64',
  'aarch64-apple-darwin': 'darwin-arm64',
  'x86_64-pc-windows-msvc': 'win32-x64-msvc',
  // Addons call Node.js by a C interface, which is the same for both of Windows' toolchains.
  'x86_64-pc-windows-gnu': 'win32-x64-msvc',
  'aarch64-pc-windows-msvc': 'win32-arm64-msvc',
};

const folder = fileURLToPath(new URL('..', import.meta.url));
const crate = join(folder, 'crate');
const cargo = spawnSync('cargo', ['--version'], { encoding: 'utf8' });
if (cargo.error) {
  console.log(
    'build:native: cargo is not installed, so the WebAssembly kernels are used. See https://rustup.rs.',
  );
  process.exit(0);
}
const host = /host: (.*)/.exec(spawnSync('rustc', ['-vV'], { encoding: 'utf8' }).stdout)?.[1];
const target = process.argv[2] ?? host;
const platform = PLATFORMS[target];
if (!platform) {
  console.error(
    `build:native: ${target} is not a known target. Use one of ${Object.keys(PLATFORMS).join(', ')}.`,
  );
  process.exit(1);
}
const { version } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
const isHost = target === host;
if (!isHost && spawnSync('cargo', ['zigbuild', '--help']).status !== 0) {
  console.error(`build:native: ${target} requires cargo-zigbuild. Run pip install cargo-zigbuild ziglang.`);
  process.exit(1);
}
// The oldest C library that Node.js supports.
const wanted = !isHost && target.endsWith('linux-gnu') ? `${target}.2.28` : target;
const flags = target.endsWith('musl') ? '-C target-feature=-crt-static' : '';
const { status } = spawnSync(
  'cargo',
  [isHost ? 'build' : 'zigbuild', '--release', '--locked', '--target', wanted],
  {
    cwd: crate,
    env: {
      ...process.env,
      UNITSPHERE_NATIVE_VERSION: version,
      ...(flags && { RUSTFLAGS: `${process.env.RUSTFLAGS ?? ''} ${flags}`.trim() }),
    },
    stdio: 'inherit',
  },
);
if (status !== 0) process.exit(status ?? 1);
const name = target.includes('windows')
  ? 'unitsphere_native.dll'
  : `libunitsphere_native.${target.includes('apple') ? 'dylib' : 'so'}`;
const targets = process.env.CARGO_TARGET_DIR ?? join(crate, 'target');
const to = join(folder, 'binaries', `native.${platform}.node`);
mkdirSync(join(folder, 'binaries'), { recursive: true });
// Renamed into place: a process that has loaded the previous file keeps it.
copyFileSync(join(targets, target, 'release', name), `${to}.new`);
renameSync(`${to}.new`, to);
