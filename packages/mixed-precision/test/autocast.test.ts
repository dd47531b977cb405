import * as tf from '@tensorflow/tfjs-core';
import * as ops from '@unitsphere/ops';
import { everyBackend, on, read, start } from '@unitsphere/testing/backends';
import { fill } from '@unitsphere/testing/operation-case';
import { afterEach, describe, expect, test } from 'vitest';
import { AUTOCAST_TABLE, type AutocastPolicy, autocast, toBfloat16 } from '../src/index.js';

afterEach(() => ops.setFloat32MatmulPrecision('highest'));

/** Exports that compute nothing on tensors, or only move them. */
const NOT_ARITHMETIC = [
  'setFloat32MatmulPrecision',
  'getFloat32MatmulPrecision',
  'withFloat32MatmulPrecision',
  'withProductPolicy',
  'describeMatmulPrecision',
  'roundToBfloat16',
  'roundToTensorFloat32',
  'toBfloat16',
  'packBfloat16',
  'unpackBfloat16',
  'setKernelThreads',
  'getKernelThreads',
  'countMultiplyAdds',
  'readTensors',
  'writeTensors',
  'normalizeImages',
  'pixelTables',
  'createKernelSet',
  'kernelCode',
  'createSharedRowMemory',
  'fitsSharedRowMemory',
];

test('the table lists every operation', () => {
  const functions = Object.entries(ops).flatMap(([name, value]) =>
    typeof value === 'function' ? [name] : [],
  );
  const table = Object.keys(AUTOCAST_TABLE).filter((name) => name !== 'pointwiseConv2d');
  expect(functions.filter((name) => !NOT_ARITHMETIC.includes(name)).sort()).toEqual(table.sort());
});

const isBfloat16 = (values: Float32Array) =>
  new Uint32Array(values.slice().buffer).every((bits) => (bits & 0xffff) === 0);

describe.each(everyBackend)('%s', (backend) => {
  const run = (policy: AutocastPolicy) =>
    on(backend, () => {
      const x = tf.tensor4d(fill(2 * 5 * 4 * 8, 1), [2, 5, 4, 8]);
      const rows = tf.tensor2d(fill(40, 2), [4, 10]);
      const vector = tf.tensor1d(fill(8, 3, 0.5));
      const filter = (k: number) => tf.tensor4d(fill(k * k * 64, 4), [k, k, 8, 8]);
      const pad = (padding: number) => ({ stride: 1, padding });
      const results = autocast(policy, () => ({
        linear: ops.linear(rows, tf.tensor2d(fill(70, 5), [7, 10])),
        conv2d: ops.conv2d(x, filter(3), pad(1)),
        pointwiseConv2d: ops.conv2d(x, filter(1), pad(0)),
        selfAttention: ops.selfAttention(tf.tensor3d(fill(180, 6), [2, 5, 18]), 3),
        depthwiseConv2d: ops.depthwiseConv2d(x, tf.tensor4d(fill(72, 7), [3, 3, 8, 1]), pad(1)),
        batchNormTrain: ops.batchNormTrain(x, vector, vector).y,
        cosineLogits: ops.cosineLogits(rows, tf.tensor2d(fill(70, 5), [7, 10])),
      }));
      const names = Object.keys(results) as (keyof typeof results)[];
      return Promise.all(names.map(async (name) => [name, await read(results[name])] as const));
    });

  test('lowers exactly the operations that the table marks as low', async () => {
    const plain = await run({ precision: 'highest' });
    const low = await run({});
    plain.forEach(([name, values], i) => {
      const changed = AUTOCAST_TABLE[name] === 'low';
      expect(isBfloat16(low[i][1]), name).toBe(changed);
      if (!changed) expect(low[i][1], name).toEqual(values);
    });
  });

  test('a policy can keep products in float32 and results unrounded', async () => {
    const plain = await run({ precision: 'highest' });
    const some = await run({ operations: { linear: 'float32', conv2d: 'float32' }, roundOutputs: false });
    plain.forEach(([name, values], i) => {
      const lowered = name === 'pointwiseConv2d' || name === 'selfAttention';
      if (lowered) expect(some[i][1], name).not.toEqual(values);
      else expect(some[i][1], name).toEqual(values);
      if (lowered) expect(isBfloat16(some[i][1])).toBe(false);
    });
  });

  test('gradients flow, and no tensor leaks', async () => {
    await start(backend);
    const before = tf.memory().numTensors;
    const [low, plain] = await on(backend, () => {
      const weight = tf.tensor2d(fill(70, 5), [7, 10]);
      const gradient = (precision: 'medium' | 'highest') =>
        tf.grad((x: tf.Tensor) => autocast({ precision }, () => ops.linear(x as tf.Tensor2D, weight)))(
          tf.tensor2d(fill(40, 2), [4, 10]),
          tf.tensor2d(fill(28, 3), [4, 7]),
        );
      return Promise.all([read(gradient('medium')), read(gradient('highest'))]);
    });
    expect(tf.memory().numTensors).toBe(before);
    const largest = Math.max(...plain.map(Math.abs));
    const errors = low.map((value, i) => Math.abs(value - plain[i]) / largest);
    expect(Math.max(...errors)).toBeLessThan(2e-2);
    expect(Math.max(...errors)).toBeGreaterThan(1e-5);
  });
});

test('overrides the global precision and restores it', async () => {
  await start('cpu');
  ops.setFloat32MatmulPrecision('medium');
  const inside = autocast({ precision: 'high', operations: { matMul: 'float32' } }, () =>
    ops.describeMatmulPrecision(),
  );
  expect(inside.products.conv2d.requested).toBe('high');
  expect(inside.products.matMul.requested).toBe('highest');
  expect(ops.describeMatmulPrecision().products.matMul.requested).toBe('medium');
});

test('refuses to lower an operation that must stay float32', () => {
  expect(() => autocast({ operations: { layerNorm: 'low' } }, () => 0)).toThrow(
    "autocast: layerNorm always runs in float32; only matMul, linear, conv2d, pointwiseConv2d, selfAttention can be 'low'.",
  );
  expect(() => autocast({ operations: { dropout: 'low' } as never }, () => 0)).toThrow(
    /no operation dropout/,
  );
  expect(() => autocast({ operations: { conv2d: 'half' } as never }, () => 0)).toThrow(
    /conv2d must be 'low' or 'float32', but it is 'half'/,
  );
  expect(() => autocast({}, async () => 0)).toThrow(/fn is async/);
});

test('re-exports toBfloat16 of the operations', () => {
  expect([...toBfloat16(Float32Array.of(1, -2.5, Number.POSITIVE_INFINITY))]).toEqual([
    0x3f80, 0xc020, 0x7f80,
  ]);
});
