/** Updates of rows equal the dense updates on those rows, and leave the other rows unchanged. */
import * as tf from '@tensorflow/tfjs-core';
import { everyBackend, start } from '@unitsphere/testing/backends';
import { fill, relativeError } from '@unitsphere/testing/operation-case';
import { describe, expect, onTestFinished, test } from 'vitest';
import * as ops from '../src/index.js';
import { webGpuRuntime } from '../src/webgpu/runtime.js';

const [rows, dimensions] = [7, 6];
const chosen = [5, 0, 3];
const others = [1, 2, 4, 6];
const table = (seed: number, positive = false) => {
  const values = fill(rows * dimensions, seed).map((v) => (positive ? Math.abs(v) : v));
  return tf.tidy(() => tf.variable(tf.tensor2d(values, [rows, dimensions])));
};
const rowOf = (values: ArrayLike<number>, row: number) =>
  Array.from(values).slice(row * dimensions, (row + 1) * dimensions);
const pick = (values: ArrayLike<number>, ids: number[]) => ids.flatMap((id) => rowOf(values, id));
const gradient = () => tf.tensor2d(fill(chosen.length * dimensions, 9), [chosen.length, dimensions]);

const valuesOf = async (...tables: tf.Tensor[]) =>
  Promise.all(tables.map(async (t) => (await t.data()).slice() as Float32Array));

/** Runs the dense update on one row alone. */
async function updateDenseRow(
  row: number,
  i: number,
  update: (p: tf.Variable, g: tf.Tensor, state: tf.Variable[]) => void,
) {
  const originals = [table(1), table(2), table(3, true)];
  const g = tf.tensor2d(rowOf(fill(chosen.length * dimensions, 9), i), [1, dimensions]);
  const tables = (await valuesOf(...originals)).map((values) =>
    tf.tidy(() => tf.variable(tf.tensor2d(rowOf(values, row), [1, dimensions]))),
  );
  update(tables[0], g, tables.slice(1));
  const updated = await valuesOf(...tables);
  tf.dispose([...originals, ...tables, g]);
  return updated;
}

describe.each(everyBackend)('%s', (backend) => {
  test('AdamW updates each row at its own step', async () => {
    await start(backend);
    const options = { lr: 0.1, beta1: 0.9, beta2: 0.999, eps: 1e-8, weightDecay: 0.2, gradientScale: 0.5 };
    const tables = [table(1), table(2), table(3, true)] as const;
    const original = await valuesOf(...tables);
    const [ids, g] = [tf.tensor1d(chosen, 'int32'), gradient()];
    const before = tf.memory().numTensors;
    const steps = Int32Array.of(1, 7, 300);
    ops.adamWUpdateRows(...tables, ids, g, { ...options, steps });
    expect(tf.memory().numTensors).toBe(before);
    const updated = await valuesOf(...tables);
    for (const [i, row] of chosen.entries()) {
      const dense = await updateDenseRow(row, i, (p, gradient, [m, v]) =>
        ops.adamWUpdate(p, gradient, m, v, { ...options, step: steps[i] }),
      );
      updated.forEach((values, k) => {
        expect(relativeError(rowOf(values, row), dense[k])).toBeLessThan(1e-6);
      });
    }
    updated.forEach((values, k) => {
      expect(pick(values, others)).toEqual(pick(original[k], others));
    });
    tf.dispose([ids, g, ...tables]);
  });

  test.each([
    { momentum: 0.9, dampening: 0, nesterov: false, weightDecay: 0.1 },
    { momentum: 0.8, dampening: 0.3, nesterov: false, weightDecay: 0 },
    { momentum: 0.9, dampening: 0, nesterov: true, weightDecay: 0.1 },
    { momentum: 0, dampening: 0, nesterov: false, weightDecay: 0.1 },
  ])('SGD %o', async (options) => {
    await start(backend);
    const tables = [table(1), table(2)] as const;
    const original = await valuesOf(...tables);
    const [ids, g] = [tf.tensor1d(chosen, 'int32'), gradient()];
    const before = tf.memory().numTensors;
    const steps = Int32Array.of(1, 2, 9);
    const buffer = options.momentum ? tables[1] : null;
    ops.sgdUpdateRows(tables[0], buffer, ids, g, { lr: 0.1, gradientScale: 2, ...options, steps });
    expect(tf.memory().numTensors).toBe(before);
    const updated = await valuesOf(...tables);
    for (const [i, row] of chosen.entries()) {
      const dense = await updateDenseRow(row, i, (p, gradient, [m]) =>
        ops.sgdUpdate(p, gradient, buffer && m, {
          lr: 0.1,
          gradientScale: 2,
          ...options,
          step: steps[i],
        }),
      );
      updated.forEach((values, k) => {
        expect(relativeError(rowOf(values, row), dense[k])).toBeLessThan(1e-6);
      });
    }
    updated.forEach((values, k) => {
      expect(pick(values, others)).toEqual(pick(original[k], others));
    });
    tf.dispose([ids, g, ...tables]);
  });

  test('assigns rows, and changes nothing if a shape does not fit', async () => {
    await start(backend);
    const t = table(1);
    const [original] = (await valuesOf(t)) as [Float32Array];
    const [ids, values] = [tf.tensor1d(chosen, 'int32'), gradient()];
    ops.assignRows(t, ids, values);
    const [assigned, given] = (await valuesOf(t, values)) as [Float32Array, Float32Array];
    expect(pick(assigned, chosen)).toEqual([...given]);
    expect(pick(assigned, others)).toEqual(pick(original, others));
    tf.tidy(() => {
      expect(() => ops.assignRows(t, ids, tf.ones([2, dimensions]))).toThrow(
        'assignRows: the number of rows is 2, but 3 was expected.',
      );
      expect(() => ops.assignRows(t, ids, tf.ones([3, 5]))).toThrow(
        "assignRows: table's dimensions is 6, but 5",
      );
      expect(() => ops.assignRows(t, tf.ones([3]) as tf.Tensor1D, values)).toThrow(
        'ids must be an int32 vector',
      );
      expect(() =>
        ops.sgdUpdateRows(t, null, ids, values, {
          lr: 1,
          momentum: 0.9,
          dampening: 0,
          nesterov: false,
          weightDecay: 0,
          steps: Int32Array.of(1, 1, 1),
        }),
      ).toThrow('a momentum of 0.9 requires a momentum buffer');
      expect(() =>
        ops.adamWUpdateRows(t, t, t, ids, values, {
          lr: 1,
          beta1: 0.9,
          beta2: 0.9,
          eps: 1,
          weightDecay: 0,
          steps: Int32Array.of(1),
        }),
      ).toThrow('the number of steps is 1, but 3 was expected');
    });
    expect(await valuesOf(t)).toEqual([assigned]);
    tf.dispose([t, ids, values]);
  });
});

// The tables of [300, 64] have 77 kB, more than the 16 kB that the test lets the device bind.
test.skipIf(!everyBackend.includes('webgpu'))(
  'on WebGPU updates tables that are too large to bind in parts',
  async () => {
    await start('webgpu');
    const runtime = webGpuRuntime(tf.backend());
    const { maxBindingBytes } = runtime;
    onTestFinished(() => void Object.assign(runtime, { maxBindingBytes }));
    runtime.maxBindingBytes = 16_384;
    const [count, width] = [300, 64];
    const picked = [299, 0, 64, 63, 128, 200];
    const large = (seed: number) => {
      const values = fill(count * width, seed).map(Math.abs);
      return tf.tidy(() => tf.variable(tf.tensor2d(values, [count, width])));
    };
    const options = { lr: 0.1, beta1: 0.9, beta2: 0.99, eps: 1e-8, weightDecay: 0.1 };
    const steps = Int32Array.from(picked, (_, i) => i + 1);
    const run = async (backend: string) => {
      await start(backend);
      const tables = [large(1), large(2), large(3)] as const;
      const ids = tf.tensor1d(picked, 'int32');
      const g = tf.tensor2d(fill(picked.length * width, 9), [picked.length, width]);
      ops.adamWUpdateRows(...tables, ids, g, { ...options, steps });
      const gathered = ops.gatherRows(tables[0] as tf.Variable<tf.Rank.R2>, ids);
      ops.assignRows(tables[1], ids, g);
      const values = await valuesOf(...tables, gathered);
      tf.dispose([...tables, ids, g, gathered]);
      return values;
    };
    const [expected, actual] = [await run('cpu'), await run('webgpu')];
    actual.forEach((values, k) => {
      expect(relativeError(values, expected[k])).toBeLessThan(1e-6);
    });
  },
);
