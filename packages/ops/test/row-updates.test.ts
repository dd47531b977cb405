/** Updates of rows are the dense updates where a row is among them, and nothing elsewhere. */
import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, test } from 'vitest';
import { backends, start } from '../../../tools/workspace/backends';
import * as ops from '../src/index.js';
import { fill, relativeError } from './contract.js';

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

/** What the dense update makes of one row alone. */
function denseRow(
  row: number,
  i: number,
  update: (p: tf.Variable, g: tf.Tensor, state: tf.Variable[]) => void,
) {
  const g = tf.tensor2d(rowOf(fill(chosen.length * dimensions, 9), i), [1, dimensions]);
  const tables = [table(1), table(2), table(3, true)].map((t) =>
    tf.variable(tf.tensor2d(rowOf(t.dataSync(), row), [1, dimensions])),
  );
  update(tables[0]!, g, tables.slice(1));
  return tables.map((t) => [...t.dataSync()]);
}

describe.each(backends)('%s', (backend) => {
  test('AdamW, each row at its own step', async () => {
    await start(backend);
    const options = { lr: 0.1, beta1: 0.9, beta2: 0.999, eps: 1e-8, weightDecay: 0.2, gradientScale: 0.5 };
    const tables = [table(1), table(2), table(3, true)] as const;
    const original = tables.map((t) => t.dataSync().slice());
    const [ids, g] = [tf.tensor1d(chosen, 'int32'), gradient()];
    const before = tf.memory().numTensors;
    const steps = Int32Array.of(1, 7, 300);
    ops.adamWUpdateRows(...tables, ids, g, { ...options, steps });
    expect(tf.memory().numTensors).toBe(before);
    tf.tidy(() => {
      chosen.forEach((row, i) => {
        const dense = denseRow(row, i, (p, gradient, [m, v]) =>
          ops.adamWUpdate(p, gradient, m!, v!, { ...options, step: steps[i]! }),
        );
        tables.forEach((t, k) => {
          expect(relativeError(rowOf(t.dataSync(), row), dense[k]!)).toBeLessThan(1e-6);
        });
      });
    });
    tables.forEach((t, k) => {
      expect(pick(t.dataSync(), others)).toEqual(pick(original[k]!, others));
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
    const original = tables.map((t) => t.dataSync().slice());
    const [ids, g] = [tf.tensor1d(chosen, 'int32'), gradient()];
    const before = tf.memory().numTensors;
    const steps = Int32Array.of(1, 2, 9);
    const buffer = options.momentum ? tables[1] : null;
    ops.sgdUpdateRows(tables[0], buffer, ids, g, { lr: 0.1, gradientScale: 2, ...options, steps });
    expect(tf.memory().numTensors).toBe(before);
    tf.tidy(() => {
      chosen.forEach((row, i) => {
        const dense = denseRow(row, i, (p, gradient, [m]) =>
          ops.sgdUpdate(p, gradient, buffer && m!, {
            lr: 0.1,
            gradientScale: 2,
            ...options,
            step: steps[i]!,
          }),
        );
        tables.forEach((t, k) => {
          expect(relativeError(rowOf(t.dataSync(), row), dense[k]!)).toBeLessThan(1e-6);
        });
      });
    });
    tables.forEach((t, k) => {
      expect(pick(t.dataSync(), others)).toEqual(pick(original[k]!, others));
    });
    tf.dispose([ids, g, ...tables]);
  });

  test('rows are assigned, and a misfit is an error that changes nothing', async () => {
    await start(backend);
    const t = table(1);
    const original = t.dataSync().slice();
    const [ids, values] = [tf.tensor1d(chosen, 'int32'), gradient()];
    ops.assignRows(t, ids, values);
    expect(pick(t.dataSync(), chosen)).toEqual([...values.dataSync()]);
    expect(pick(t.dataSync(), others)).toEqual(pick(original, others));
    const now = [...t.dataSync()];
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
      ).toThrow('a momentum of 0.9 needs a momentum buffer');
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
    expect([...t.dataSync()]).toEqual(now);
    tf.dispose([t, ids, values]);
  });
});
