/** Rows in shared memory: gathered and updated in place, like tables on a backend. */
import * as tf from '@tensorflow/tfjs-core';
import { everyBackend, start } from '@unitsphere/testing/backends';
import { fill, relativeError } from '@unitsphere/testing/operation-case';
import { describe, expect, test } from 'vitest';
import * as ops from '../src/index.js';

/** Returns the bytes of a record: a row of each table, and 8 bytes of other data. */
const recordBytes = (dimensions: number) => 3 * 4 * dimensions + 8;
const TABLES = ['parameter', 'expAvg', 'expAvgSq'] as const;

/** Creates memory of records, and returns the addresses of the chosen ones, not in order, and the rows of each table. */
function make(rows: number, dimensions: number, chosen: number[]) {
  const memory = ops.createSharedRowMemory(rows * recordBytes(dimensions));
  const floats = new Float32Array(memory.buffer, 0, (rows * recordBytes(dimensions)) / 4);
  floats.set(fill(floats.length, 1).map(Math.abs));
  const begins = Uint32Array.from(chosen, (row) => row * recordBytes(dimensions));
  const rowsOf = (table: number) =>
    Float32Array.from(
      [...begins].flatMap((begin) => {
        const at = begin / 4 + table * dimensions;
        return [...floats.subarray(at, at + dimensions)];
      }),
    );
  return { memory, floats, begins, rowsOf };
}

const options = { lr: 0.1, beta1: 0.9, beta2: 0.999, eps: 1e-8, weightDecay: 0.2, gradientScale: 0.5 };

describe.each(everyBackend)('%s', (backend) => {
  // The second case has more rows than one piece, and dimensions that are not a multiple of the vector width.
  test.each([
    [5, 6, [3, 0, 4]],
    [700, 203, Array.from({ length: 600 }, (_, i) => (i * 37) % 700)],
  ])('gathers and updates some of %i rows of %i dimensions', async (rows, dimensions, chosen) => {
    await start(backend);
    const { memory, floats, begins, rowsOf } = make(rows, dimensions, chosen);
    const before = tf.memory().numTensors;
    const gathered = memory.gather(begins, dimensions);
    expect(gathered.shape).toEqual([chosen.length, dimensions]);
    expect(await gathered.data()).toEqual(rowsOf(0));

    const others = floats.slice();
    const [from, count] = [2, chosen.length];
    const gradient = tf.tensor2d(fill((from + count) * dimensions, 9), [from + count, dimensions]);
    const steps = Int32Array.from(chosen, (_, i) => 1 + ((i * 5) % 9));
    const tables = TABLES.map((_, table) =>
      tf.tidy(() => tf.variable(tf.tensor2d(rowsOf(table), [count, dimensions]))),
    ) as [tf.Variable, tf.Variable, tf.Variable];
    const columns = { expAvg: 4 * dimensions, expAvgSq: 8 * dimensions };
    await memory.adamW(begins, columns, gradient, from, { ...options, steps });
    const ids = tf.range(0, count, 1, 'int32') as tf.Tensor1D;
    const part = tf.slice(gradient, [from, 0], [count, dimensions]) as tf.Tensor2D;
    ops.adamWUpdateRows(...tables, ids, part, { ...options, steps });
    for (const [table, variable] of tables.entries()) {
      const expected = (await variable.data()) as Float32Array;
      if (backend === 'wasm') expect(rowsOf(table)).toEqual(expected);
      else expect(relativeError(rowsOf(table), expected)).toBeLessThan(1e-6);
    }
    tf.dispose([gathered, gradient, ids, part, ...tables]);
    expect(tf.memory().numTensors).toBe(before);
    // All other bytes must be unchanged.
    const changed = new Set(
      chosen.flatMap((row) =>
        Array.from({ length: 3 * dimensions }, (_, i) => (row * recordBytes(dimensions)) / 4 + i),
      ),
    );
    expect(floats.findIndex((value, i) => value !== others[i] && !changed.has(i))).toBe(-1);
  });
});

test('grows in place: rows keep their addresses', async () => {
  await start('wasm');
  const memory = ops.createSharedRowMemory(4 * 8);
  const before = new Float32Array(memory.buffer, 0, 8);
  before.set([1, 2, 3, 4, 5, 6, 7, 8]);
  memory.grow(10_000_000);
  expect(memory.bytes).toBe(10_000_000);
  const after = new Float32Array(memory.buffer, 0, memory.bytes / 4);
  after.set([9, 10], after.length - 2);
  before[1] = 20;
  const rows = memory.gather(Uint32Array.of(memory.bytes - 8, 0), 2);
  expect(await rows.data()).toEqual(Float32Array.of(9, 10, 1, 20));
  memory.grow(64);
  expect(memory.bytes).toBe(10_000_000);
  expect(() => memory.grow(2 ** 32)).toThrow('4294967296 bytes exceed the 4 GiB');
  rows.dispose();
});

test('gathers and updates no rows', async () => {
  await start('wasm');
  const memory = ops.createSharedRowMemory(64);
  const [none, gradient] = [memory.gather(new Uint32Array(0), 4), tf.zeros<tf.Rank.R2>([1, 4])];
  expect(none.shape).toEqual([0, 4]);
  const columns = { expAvg: 16, expAvgSq: 32 };
  await memory.adamW(new Uint32Array(0), columns, gradient, 0, { ...options, steps: new Int32Array(0) });
  tf.dispose([none, gradient]);
});

test('refuses sizes that do not fit', async () => {
  await start('cpu');
  expect(ops.fitsSharedRowMemory(2 ** 32, 4)).toBe(false);
  expect(ops.fitsSharedRowMemory(2 ** 20, 70_000)).toBe(false);
  expect(ops.fitsSharedRowMemory(2 ** 31, 512)).toBe(true);
  expect(() => ops.createSharedRowMemory(2 ** 32)).toThrow('4294967296 bytes exceed the 4 GiB');
  const { memory, begins } = make(3, 4, [0, 2]);
  const gradient = tf.ones<tf.Rank.R2>([2, 4]);
  const columns = { expAvg: 16, expAvgSq: 32 };
  await expect(
    memory.adamW(begins, columns, gradient, 0, { ...options, steps: Int32Array.of(1) }),
  ).rejects.toThrow('the number of steps is 1, but 2 was expected');
  await expect(
    memory.adamW(begins, columns, gradient, 1, { ...options, steps: Int32Array.of(1, 1) }),
  ).rejects.toThrow('the gradient has 2 rows, but rows 1 to 2 are required');
  gradient.dispose();
});
