import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { everyBackend } from '@unitsphere/testing/backends';
import { buildSync } from 'esbuild';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

// The package is bundled into a folder of its own, because only a process shows what native libraries write.
let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'unitsphere-quiet-'));
  symlinkSync(fileURLToPath(new URL('../../../node_modules', import.meta.url)), join(folder, 'node_modules'));
  buildSync({
    entryPoints: ['index', 'without-notices'].map((name) =>
      fileURLToPath(new URL(`../src/${name}.ts`, import.meta.url)),
    ),
    bundle: true,
    external: ['@tensorflow/*', 'webgpu'],
    platform: 'node',
    format: 'esm',
    outdir: folder,
    outExtension: { '.js': '.mjs' },
  });
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function run(code: string, env: Record<string, string> = {}) {
  writeFileSync(
    join(folder, 'main.mjs'),
    `import * as tf from '@tensorflow/tfjs-core';
import { useBackend } from './index.mjs';
${code}`,
  );
  // The cache is empty, so that a native backend installed on this machine is not chosen.
  return spawnSync(process.execPath, ['main.mjs'], {
    cwd: folder,
    encoding: 'utf8',
    env: { ...process.env, XDG_CACHE_HOME: folder, ...env },
  });
}

/** Runs code whose standard error is a pipe; that of Node's child processes is a socket. */
function runInPipe(code: string, env: Record<string, string> = {}) {
  writeFileSync(join(folder, 'main.mjs'), code);
  const script = 'set -o pipefail; { "$@" 2>&1 1>&3 | cat 1>&2; } 3>&1';
  return spawnSync('bash', ['-c', script, 'bash', process.execPath, 'main.mjs'], {
    cwd: folder,
    encoding: 'utf8',
    env: { ...process.env, ...env },
  });
}

const COMPUTE = 'const { reason } = await useBackend(BACKEND); tf.square(3).print(); console.log(reason);';

describe('a working program prints nothing but its own lines', () => {
  test.each(['wasm', 'cpu', 'auto'])('on %s', (name) => {
    const { stdout, stderr } = run(COMPUTE.replace('BACKEND', `'${name}'`));
    expect(stderr).toBe('');
    expect(stdout).toMatch(/^Tensor\n {4}9\n.*\n$/);
  });

  test('on auto without a graphics driver', () => {
    const none = { VK_DRIVER_FILES: '/nonexistent', VK_ICD_FILENAMES: '/nonexistent' };
    const { stdout, stderr } = run(COMPUTE.replace('BACKEND', "'auto'"), none);
    expect(stderr).toBe('');
    if (process.platform === 'linux') expect(stdout).toContain('"webgpu" is faster, but no graphics adapter');
  });
});

describe.skipIf(process.platform !== 'linux')('notices of native libraries', () => {
  test.each(everyBackend.filter((name) => name === 'node' || name === 'webgpu'))(
    'do not appear on %s; later lines of the library do',
    (name) => {
      const { status, stdout, stderr } = runInPipe(`import * as tf from '@tensorflow/tfjs-core';
import { writeSync } from 'node:fs';
import { useBackend } from './index.mjs';
await useBackend('${name}');
console.log(await tf.square(3).data());
writeSync(2, 'later\\n');`);
      expect(stderr).toBe('later\n');
      expect(stdout).toMatch(/^Float32Array\(1\) \[ 9 \]\n/);
      expect(status).toBe(0);
    },
  );

  const WRITE = `import { writeSync } from 'node:fs';
import { withoutNotices } from './without-notices.mjs';
const write = () => { for (const line of ['notice: a', 'other', 'notice: b']) writeSync(2, line + '\\n'); };
`;
  test('are dropped, other lines are written', () => {
    const { stdout, stderr } = runInPipe(
      `${WRITE}console.log(withoutNotices([/^notice/], () => { write(); return 7; })); writeSync(2, 'later\\n');`,
    );
    expect(stderr).toBe('other\nlater\n');
    expect(stdout).toBe('7\n');
  });

  test('are written if the call fails', () => {
    const { status, stderr } = runInPipe(
      `${WRITE}withoutNotices([/^notice/], () => { write(); throw new Error('mine'); });`,
    );
    expect(stderr).toMatch(/^notice: a\nother\nnotice: b\n.*Error: mine/s);
    expect(status).toBe(1);
  });

  test('stay if the file cannot be created or opened, and descriptors are as before', () => {
    const code = `${WRITE}import fs from 'node:fs';
withoutNotices([], () => {}); // Node opens its own files.
const open = () => fs.readdirSync('/proc/self/fd').length;
const [openSync, before] = [fs.openSync, open()];
const failAt = (failing) => {
  let calls = 0;
  fs.openSync = (...args) => { if (++calls === failing) throw new Error('no file'); return openSync(...args); };
  withoutNotices([/^notice/], write);
};
for (const failing of [1, 2, 3]) failAt(failing);
console.log(open() - before);
writeSync(2, 'later\\n');`;
    const { status, stdout, stderr } = runInPipe(code);
    expect(stderr).toBe(`${'notice: a\nother\nnotice: b\n'.repeat(3)}later\n`);
    expect(stdout).toBe('0\n');
    expect(status).toBe(0);
  });

  test('stay while another thread may open files, and on standard errors that cannot be opened again', () => {
    const call = 'withoutNotices([/^notice/], write);';
    const busy = runInPipe(`import { readFile } from 'node:fs/promises';
${WRITE}const reading = readFile('main.mjs'); ${call} await reading;`);
    expect(busy.stderr).toBe('notice: a\nother\nnotice: b\n');
    const threads = runInPipe(`import { Worker } from 'node:worker_threads';
${WRITE}const worker = new Worker('', { eval: true }).on('message', () => {}); ${call} await worker.terminate();`);
    expect(threads.stderr).toBe('notice: a\nother\nnotice: b\n');
    const socket = run(`${WRITE}${call}`);
    expect(socket.stderr).toBe('notice: a\nother\nnotice: b\n');
  });
});

test('an uncaught error and an unhandled rejection are printed as without the backend', () => {
  const own = "process.on('exit', () => console.log(process.listenerCount('uncaughtException')));";
  for (const fault of ["throw new Error('mine');", "void Promise.reject(new Error('mine')); await 0;"]) {
    const { status, stdout, stderr } = run(
      `${own}\nawait useBackend('wasm');\nsetTimeout(async () => { ${fault} });`,
    );
    expect(status).toBe(1);
    expect(stdout).toBe('0\n');
    expect(stderr).toContain('Error: mine');
    expect(stderr).not.toContain('tf-backend-wasm');
  }
});
