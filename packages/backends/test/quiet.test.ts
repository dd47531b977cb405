import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { buildSync } from 'esbuild';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

// The package is bundled into a folder of its own, because only a process shows what native libraries write.
let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'unitsphere-quiet-'));
  symlinkSync(fileURLToPath(new URL('../../../node_modules', import.meta.url)), join(folder, 'node_modules'));
  buildSync({
    entryPoints: [fileURLToPath(new URL('../src/index.ts', import.meta.url))],
    bundle: true,
    external: ['@tensorflow/*', 'webgpu'],
    platform: 'node',
    format: 'esm',
    outfile: join(folder, 'backends.mjs'),
  });
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function run(code: string, env: Record<string, string> = {}) {
  writeFileSync(
    join(folder, 'main.mjs'),
    `import * as tf from '@tensorflow/tfjs-core';
import { useBackend } from './backends.mjs';
${code}`,
  );
  // The cache is empty, so that a native backend installed on this machine is not chosen.
  return spawnSync(process.execPath, ['main.mjs'], {
    cwd: folder,
    encoding: 'utf8',
    env: { ...process.env, XDG_CACHE_HOME: folder, ...env },
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
