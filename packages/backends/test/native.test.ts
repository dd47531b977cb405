/** Tests of the native backend with real TensorFlow kernels. Skipped if it is not installed on this machine. */
import { execFile } from 'node:child_process';
import { linkSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import * as tf from '@tensorflow/tfjs-core';
import { missingBackends } from '@unitsphere/testing/backends';
import { build } from 'esbuild';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { BackendUnavailableError, describeBackends, useBackend } from '../src/index.js';
import { installNativeBackend } from '../src/install/index.js';
import { installationFiles, installationFolder } from '../src/native/installation.js';

const missing = missingBackends.find(({ name }) => name === 'node');
test.skipIf(missing)(
  missing ? `every suite on the backend node: ${missing.why}` : 'the backend node is installed',
  () => expect(missing).toBeUndefined(),
);

const run = promisify(execFile);

/** Notice that TensorFlow prints at any log level if oneDNN is on, which is the default on processors with AVX-512. */
const NOTICE =
  /^(WARNING: All log messages before absl::InitializeLog\(\)|I\d{4} .* oneDNN custom operations are on\.).*\n/gm;

describe.skipIf(missing)('node', () => {
  beforeAll(async () => {
    await useBackend('node');
  });

  const values = (tensors: tf.Tensor[]) => tensors.map((tensor) => [...tensor.dataSync()]);

  test('runs on the TensorFlow.js engine of this process, which counts its tensors', async () => {
    expect(await useBackend('node')).toEqual({ name: 'node', reason: '"node" was requested by name.' });
    expect(tf.getBackend()).toBe('tensorflow');
    const before = tf.memory().numTensors;
    const product = tf.tidy(() =>
      tf.matMul(tf.tensor2d([1, 2, 3, 4], [2, 2]), tf.tensor2d([5, 6, 7, 8], [2, 2])),
    );
    expect([...(await product.data())]).toEqual([19, 22, 43, 50]);
    product.dispose();
    expect(tf.memory().numTensors).toBe(before);
  });

  test('computes with tensors of another backend', async () => {
    await useBackend('wasm');
    const x = tf.tensor1d([1, 2, 3]);
    await useBackend('node');
    const y = tf.add(x, x);
    expect([...y.dataSync()]).toEqual([2, 4, 6]);
    tf.dispose([x, y]);
  });

  test('frees disposed tensors in TensorFlow', () => {
    const held = () =>
      (tf.backend() as unknown as { binding: { getNumOfTensors(): number } }).binding.getNumOfTensors();
    const before = held();
    tf.tidy(() => tf.sum(tf.relu(tf.ones([10, 10]))).dataSync());
    expect(held()).toBe(before);
  });

  test('replaces the kernels that are broken in tfjs-node', () => {
    const integers = tf.tensor1d([0, 1], 'int32');
    const flags = tf.tensor2d(
      [
        [0, 1, 0],
        [1, 0, 0],
      ],
      [2, 3],
      'bool',
    );
    expect(
      tf.tidy(() =>
        values([
          tf.exp(integers),
          tf.prelu(tf.tensor1d([-2, 3]), tf.tensor1d([0.5])),
          tf.argMax(flags, 1),
          tf.argMin(flags, 1),
        ]),
      ),
    ).toEqual([
      [1, Math.fround(Math.E)],
      [-1, 3],
      [1, 0],
      [0, 1],
    ]);
    // tfjs-node's exp of integers would dispose it.
    expect(integers.isDisposed).toBe(false);
    tf.dispose([integers, flags]);
  });

  test.each([
    ['conv2d', [3, 2, 4], { strides: 2, pad: 1 }],
    ['conv2d', [3, 2, 4], { strides: 1, pad: 'same' }],
    [
      'conv2d',
      [3, 2, 4],
      {
        strides: 2,
        pad: [
          [0, 0],
          [2, 1],
          [0, 1],
          [0, 0],
        ],
      },
    ],
    ['depthwiseConv2d', [3, 2, 1], { strides: 2, pad: 1 }],
    ['depthwiseConv2d', [3, 2, 2], { strides: 1, pad: 'valid' }],
  ] as const)(
    'computes the same gradients as plain JavaScript: %s with a %j filter and %j',
    async (op, [k, channels, out], { strides, pad }) => {
      const shape = { x: [2, 7, 6, channels], filter: [k, k, channels, out] } as const;
      const numbers = (length: number) => Float32Array.from({ length }, (_, i) => Math.sin(i * 1.7));
      const size = (s: readonly number[]) => s.reduce((a, b) => a * b, 1);
      const gradients = async (backend: string) => {
        await useBackend(backend);
        return tf.tidy(() => {
          const x = tf.tensor4d(numbers(size(shape.x)), [...shape.x]);
          const filter = tf.tensor4d(numbers(size(shape.filter)), [...shape.filter]);
          const depthwise = op === 'depthwiseConv2d';
          const y = (depthwise ? tf.depthwiseConv2d : tf.conv2d)(x, filter, strides, pad as 'same');
          const dy = tf.tensor4d(numbers(y.size), y.shape);
          const attrs = { strides: [strides, strides], pad, dilations: [1, 1], dataFormat: 'NHWC' };
          const name = depthwise ? 'DepthwiseConv2dNativeBackprop' : 'Conv2DBackprop';
          const kernel = (kind: string, inputs: object, more: object) =>
            tf
              .engine()
              .runKernel(
                name + kind,
                inputs as tf.NamedTensorMap,
                { ...attrs, ...more } as tf.NamedAttrMap,
              ) as tf.Tensor;
          return values([
            y,
            kernel('Input', { dy, filter }, { inputShape: x.shape }),
            kernel('Filter', { x, dy }, { filterShape: filter.shape }),
          ]);
        });
      };
      const [expected, actual] = [await gradients('cpu'), await gradients('node')];
      for (const [i, value] of expected.flat().entries()) expect(actual.flat()[i]).toBeCloseTo(value, 4);
    },
  );

  test('is described with its versions and its processor', async () => {
    const node = (await describeBackends()).find(({ name }) => name === 'node');
    expect(node).toMatchObject({ available: true, version: '4.22.0' });
    expect(node?.detail).toMatch(/^libtensorflow \d+\.\d+\.\d+ with XLA, .+, \d+ threads$/);
  });

  test('refuses a second native backend in one process', async () => {
    const error = await useBackend('cuda').catch((e) => e);
    expect(error).toBeInstanceOf(BackendUnavailableError);
    expect(error.message).toContain('this process already runs "node"');
  });

  test('is not installed twice', async () => {
    const { isNew, manifest, folder } = await installNativeBackend('node');
    expect(isNew).toBe(false);
    expect(folder).toBe(installationFolder('node'));
    expect(manifest).toMatchObject({ backend: 'node', tfjsNode: '4.22.0', gpu: false });
  });

  describe('in a separate process', () => {
    let folder: string;
    beforeAll(async () => {
      // On the installation's file system, so that its files can be linked.
      folder = mkdtempSync(join(dirname(installationFolder('node')), 'test-'));
      const scope = join(folder, 'node_modules', '@tensorflow');
      mkdirSync(scope, { recursive: true });
      const core = dirname(createRequire(import.meta.url).resolve('@tensorflow/tfjs-core/package.json'));
      symlinkSync(core, join(scope, 'tfjs-core'));
      await build({
        entryPoints: [fileURLToPath(new URL('../src/index.ts', import.meta.url))],
        bundle: true,
        external: ['@tensorflow/*'],
        platform: 'node',
        format: 'esm',
        outfile: join(folder, 'backends.mjs'),
      });
      writeFileSync(
        join(folder, 'main.mjs'),
        `import * as tf from '@tensorflow/tfjs-core';
        import { useBackend } from './backends.mjs';
        try {
          await useBackend('node');
          console.log(tf.getBackend(), (await tf.dot([1, 2, 3], [4, 5, 6]).data())[0]);
        } catch (error) { console.log(error.message); }`,
      );
    });
    afterAll(() => rmSync(folder, { recursive: true, force: true }));

    const main = async (env: Record<string, string>) => {
      const { stdout, stderr } = await run(process.execPath, [join(folder, 'main.mjs')], {
        cwd: folder,
        env: { ...process.env, ...env },
      });
      return stdout + stderr.replace(NOTICE, '');
    };

    test('prints nothing', async () => expect(await main({})).toBe('tensorflow 32\n'));

    test('reports the command that installs it', async () =>
      expect(await main({ XDG_CACHE_HOME: join(folder, 'empty') })).toBe(
        'The backend "node" cannot be used: it is not installed. Install it: npx @unitsphere/backends install node\n',
      ));

    test('uses the binding of an installed tfjs-node', async () => {
      const { libraries, tfjsNode } = installationFiles(installationFolder('node'));
      const peer = join(folder, 'node_modules', '@tensorflow', 'tfjs-node');
      const lib = join(peer, 'lib', 'napi-v8');
      mkdirSync(lib, { recursive: true });
      symlinkSync(join(tfjsNode, 'dist'), join(peer, 'dist'));
      linkSync(join(tfjsNode, 'package.json'), join(peer, 'package.json'));
      for (const file of readdirSync(libraries)) linkSync(join(libraries, file), join(lib, file));
      expect(await main({ XDG_CACHE_HOME: join(folder, 'empty') })).toBe('tensorflow 32\n');
    });

    test('reports a library that does not load', async () => {
      const broken = join(folder, 'broken');
      const files = installationFiles(
        join(broken, 'unitsphere', 'native', `node-${process.platform}-${process.arch}`),
      );
      mkdirSync(files.libraries, { recursive: true });
      writeFileSync(files.binding, 'not a library');
      writeFileSync(files.manifest, JSON.stringify({ format: 1, tfjsNode: '4.22.0', tensorflow: '2.0.0' }));
      expect(await main({ XDG_CACHE_HOME: broken })).toMatch(
        /^The backend "node" cannot be used: its library does not load \(.+\)\. Reinstall it: npx @unitsphere\/backends install node --force\n$/,
      );
    });
  });
});
