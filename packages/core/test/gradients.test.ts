/** The built package in separate programs: ES modules in Node, CommonJS, both at once, and a Vite bundle. */
import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { build, type Rollup } from 'vite';
import { describe, expect, test } from 'vitest';

const packageFolder = fileURLToPath(new URL('..', import.meta.url));

/** Runs a program in the package's folder. @returns The JSON it prints, and its stderr. */
async function runNode(args: string[]): Promise<{ result: unknown; stderr: string }> {
  const { stdout, stderr } = await promisify(execFile)(process.execPath, args, { cwd: packageFolder });
  return { result: JSON.parse(stdout.trim().split('\n').at(-1)!), stderr };
}

/** Program that requires `tf` and `core` in scope and prints the results of its checks as JSON. */
const program = `
const main = async () => {
  await tf.setBackend('cpu');
  const before = tf.memory().numTensors;
  const result = tf.tidy(() => {
    const x = tf.tensor1d([1, 2, 3]);
    const gradient = tf.grad((t) => t.square().mul(2).sum())(x);
    const product = tf.grads((a, b) => tf.matMul(a, b))([tf.ones([2, 3]), tf.ones([3, 2])]);
    return {
      gradient: [...gradient.dataSync()],
      product: [...product[0].dataSync()],
      chained: [...x.add(1).relu().reshape([3, 1]).dataSync()],
      sameTensorClass: gradient instanceof tf.Tensor && x.add(1) instanceof tf.Tensor,
    };
  });
  const layer = new core.Linear(2, 1, { random: new core.Random(1) });
  result.countedOnTheSameEngine = tf.memory().numTensors - before === 2 && globalThis._tfengine === tf.engine();
  result.disposed = (layer.dispose(), tf.memory().numTensors - before);
  console.log(JSON.stringify(result));
};
main();
`;
const expected = {
  gradient: [4, 8, 12],
  product: [2, 2, 2, 2, 2, 2],
  chained: [2, 3, 4],
  sameTensorClass: true,
  countedOnTheSameEngine: true,
  disposed: 0,
};

describe('stock gradients and chained methods', () => {
  test('are missing in Node without @unitsphere/core', async () => {
    const { result } = await runNode([
      '--input-type=module',
      '-e',
      `import * as tf from '@tensorflow/tfjs-core';
       console.log(JSON.stringify({ chained: typeof tf.Tensor.prototype.add, gradient: tf.getGradient('BatchMatMul') === undefined }));`,
    ]);
    expect(result).toEqual({ chained: 'undefined', gradient: true });
  });

  test('are registered by an ES import of @unitsphere/core', async () => {
    const { result, stderr } = await runNode([
      '--input-type=module',
      '-e',
      `import * as tf from '@tensorflow/tfjs-core';
       import '@tensorflow/tfjs-backend-cpu';
       import * as core from '@unitsphere/core';
       ${program}`,
    ]);
    expect(result).toEqual(expected);
    expect(stderr).not.toMatch(/already registered/);
  });

  test('are registered by require of @unitsphere/core', async () => {
    const { result, stderr } = await runNode([
      '--input-type=commonjs',
      '-e',
      `const tf = require('@tensorflow/tfjs-core');
       require('@tensorflow/tfjs-backend-cpu');
       const core = require('@unitsphere/core');
       ${program}`,
    ]);
    expect(result).toEqual(expected);
    expect(stderr).not.toMatch(/already registered/);
  });

  test('are registered by both at once, which keeps an earlier registration', async () => {
    const { result, stderr } = await runNode([
      '--input-type=module',
      '-e',
      `import { createRequire } from 'node:module';
       import * as tf from '@tensorflow/tfjs-core';
       import '@tensorflow/tfjs-backend-cpu';
       const mine = { kernelName: 'Square', inputsToSave: ['x'], gradFunc: (dy, [x]) => ({ x: () => tf.mul(dy, tf.mul(x, 2)) }) };
       tf.registerGradient(mine);
       const core = await import('@unitsphere/core');
       const { areGradientsRegistered } = createRequire(process.cwd() + '/x.js')('@unitsphere/core/gradients');
       if (tf.getGradient('Square') !== mine || !areGradientsRegistered()) throw new Error('overwritten');
       ${program}`,
    ]);
    expect(result).toEqual(expected);
    expect(stderr).not.toMatch(/already registered/);
  });

  test.each(['gradients.js', 'gradients.cjs', 'index.js', 'index.cjs'])(
    'are not bundled with an engine or tensor class: dist/%s',
    async (file) => {
      const text = await readFile(new URL(`../dist/${file}`, import.meta.url), 'utf8');
      expect(text).not.toMatch(/class (Engine|Tensor|Variable|DataStorage)\b/);
    },
  );
});

/** Bundles a program as an application would. @returns The code of the bundle. */
async function bundle(source: string): Promise<string> {
  const entry = '\0entry.js';
  const result = (await build({
    root: packageFolder,
    configFile: false,
    logLevel: 'error',
    plugins: [
      {
        name: 'entry',
        enforce: 'pre',
        resolveId(id, importer) {
          if (id === 'entry') return entry;
          // The entry's imports resolve as those of a file in this folder.
          return importer === entry
            ? this.resolve(id, join(packageFolder, 'entry.js'), { skipSelf: true })
            : null;
        },
        load: (id) => (id === entry ? source : null),
      },
    ],
    build: {
      write: false,
      minify: false,
      modulePreload: false,
      target: 'esnext',
      rollupOptions: { input: 'entry', output: { format: 'cjs' } },
    },
  })) as Rollup.RollupOutput;
  expect(result.output.length).toBe(1);
  return result.output[0].code;
}

describe('a Vite bundle', () => {
  const imports = `
    import * as tf from '@tensorflow/tfjs-core';
    import '@tensorflow/tfjs-backend-cpu';
  `;

  test('has one engine, and gradients and chained methods work in it', { timeout: 60_000 }, async () => {
    const code = await bundle(`${imports} import * as core from '@unitsphere/core'; ${program}`);
    expect(code.match(/class Engine\b/g)).toHaveLength(1);
    expect(code.match(/class Tensor\b/g)).toHaveLength(1);
    const folder = await mkdtemp(join(tmpdir(), 'unitsphere-'));
    try {
      const file = join(folder, 'bundle.cjs');
      await writeFile(file, code);
      expect((await runNode([file])).result).toEqual(expected);
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});
