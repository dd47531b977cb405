// Compares the native kernels with the WebAssembly kernels, and with the contract, on another Node.js than the one of the tests: on musl,
// or for another processor under an emulator.
//   node tools/native/check-kernels.mjs [--cases=REGEXP] [COMMAND…]   the command that starts that Node.js; default: this one
//   node tools/native/check-kernels.mjs qemu-aarch64 -L /usr/aarch64-linux-gnu /opt/node-arm64/bin/node
// With --cases, only the kernels that it matches are compared, and the contract does not run: an emulator needs hours for it.
// It requires the build (npm test, or npm run build) and that platform's binary: npm run build:native -- TARGET.
import { spawnSync } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const here = fileURLToPath(new URL('.', import.meta.url));
const root = join(here, '..', '..');
const [first = '', ...others] = process.argv.slice(2);
const cases = /^--cases=(.*)/.exec(first)?.[1];
const words = cases === undefined ? process.argv.slice(2) : others;
const command = words.length > 0 ? words : [process.execPath];
const folder = mkdtempSync(join(tmpdir(), 'unitsphere-kernels-'));
try {
  // The addon is tried in a child process of process.execPath, which under an emulator the system cannot start.
  const node = join(folder, 'node');
  writeFileSync(node, `#!/bin/sh\nexec ${command.map((word) => `'${word}'`).join(' ')} "$@"\n`);
  chmodSync(node, 0o755);
  const preload = join(folder, 'preload.cjs');
  writeFileSync(preload, `process.execPath = ${JSON.stringify(node)};\n`);

  // The tests' own runner has a native library, which other platforms lack here. The bundle is where packages are found.
  const bundle = join(root, 'node_modules', '.cache', 'native-kernels.mjs');
  await build({
    entryPoints: [join(root, 'packages', 'ops', 'test', 'native-kernels.test.ts')],
    outfile: bundle,
    bundle: true,
    platform: 'node',
    format: 'esm',
    external: ['@unitsphere/*', '@tensorflow/*'],
    alias: { vitest: join(here, 'test-runner.mjs') },
    logLevel: 'warning',
  });
  const run = (...script) =>
    spawnSync(node, ['-r', preload, ...script], {
      stdio: 'inherit',
      env: { ...process.env, UNITSPHERE_NATIVE: '1', CHROMIUM_PATH: join(folder, 'none') },
    }).status;
  const failed = [
    run(bundle, cases ?? '') !== 0,
    cases === undefined && run(join(here, 'run-contract.mjs')) !== 0,
  ];
  process.exitCode = failed.includes(true) ? 1 : 0;
} finally {
  rmSync(folder, { recursive: true });
}
