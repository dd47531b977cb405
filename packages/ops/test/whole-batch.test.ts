/** Batch norm over a batch that replicas divide, beside batch norm over the whole batch. */
import * as tf from '@tensorflow/tfjs-core';
import { everyBackend, on, read, start } from '@unitsphere/testing/backends';
import { fill, relativeError } from '@unitsphere/testing/operation-case';
import { describe, expect, test } from 'vitest';
import * as ops from '../src/index.js';

const CHANNELS = 5;
const REPLICAS = [7, 4, 1]; // rows of each: one of them has no variance of its own
const ROWS = REPLICAS.reduce((a, b) => a + b);
const X = fill(ROWS * CHANNELS, 1, -1, 3);
const DY = fill(ROWS * CHANNELS, 2);
const VECTORS = {
  gamma: fill(CHANNELS, 3, 0.5, 2),
  beta: fill(CHANNELS, 4),
  slope: fill(CHANNELS, 5, 0.1, 0.4),
};

/** Ends a computation where the others' values are not known yet. */
class Pause extends Error {}

/** Stands for one replica whose others have already sent the given values: each call takes the sum from them, or pauses. */
class Replayed implements ops.StatisticsGroup {
  readonly size = REPLICAS.length;
  calls = 0;

  constructor(
    readonly rank: number,
    readonly sent: Float64Array[][],
  ) {}

  allReduce(values: Float64Array): void {
    const call = this.calls++;
    this.sent[call] ??= [];
    this.sent[call][this.rank] ??= values.slice();
    for (let rank = 0; rank < this.size; rank++) if (!this.sent[call][rank]) throw new Pause();
    values.fill(0);
    for (const other of this.sent[call]) for (let i = 0; i < values.length; i++) values[i] += other[i];
  }
}

interface Results {
  out: Float32Array;
  mean: Float32Array;
  variance: Float32Array;
  grads: Float32Array[];
  rows: number;
}

type Options = { prelu: boolean; group?: ops.StatisticsGroup };

/** Runs batch norm and its gradient over some rows. */
async function run([from, to]: [number, number], { prelu, group }: Options): Promise<Results> {
  const part = (values: Float32Array) =>
    tf.tensor2d(values.slice(from * CHANNELS, to * CHANNELS), [to - from, CHANNELS]);
  const x = part(X);
  const dy = part(DY);
  const [gamma, beta, slope] = Object.values(VECTORS).map((values) => tf.tensor1d(values));
  const kept: tf.Tensor[] = [x, dy, gamma, beta, slope];
  let rows = 0;
  try {
    const call = (x: tf.Tensor2D, gamma: tf.Tensor1D, beta: tf.Tensor1D, slope: tf.Tensor1D) => {
      const result = prelu
        ? ops.batchNormPreluTrain(x, gamma, beta, slope, { group })
        : ops.batchNormTrain(x, gamma, beta, { activation: 'hard_swish', group });
      rows = result.rows;
      kept.push(tf.keep(result.y), tf.keep(result.mean), tf.keep(result.variance));
      return result.y;
    };
    const inputs = [x, gamma, beta, slope];
    const grads = tf.grads(call as never)(prelu ? inputs : inputs.slice(0, 3), dy as tf.Tensor);
    kept.push(...grads);
    const [out, mean, variance, ...rest] = await Promise.all(kept.slice(5).map(read));
    return { out, mean, variance, grads: rest, rows };
  } finally {
    tf.dispose(kept);
  }
}

/** Runs all replicas, each again until it knows what the others sent. */
async function runReplicas(prelu: boolean): Promise<Results[]> {
  const sent: Float64Array[][] = [];
  const results: Results[] = [];
  for (let turn = 0; turn < 3; turn++) {
    let from = 0;
    for (const [rank, rows] of REPLICAS.entries()) {
      const group = new Replayed(rank, sent);
      try {
        results[rank] = await run([from, from + rows], { prelu, group });
        expect(group.calls, 'all-reduces forward and backward').toBe(2);
      } catch (error) {
        if (!(error instanceof Pause)) throw error;
      }
      from += rows;
    }
  }
  return results;
}

const joined = (parts: Float32Array[]) => Float32Array.from(parts.flatMap((part) => [...part]));
const summed = (parts: Float32Array[]) =>
  parts[0].map((_, i) => parts.reduce((sum, part) => sum + part[i], 0));

describe.each(everyBackend.filter((name) => name !== 'webgpu'))('on %s', (backend) => {
  test.each([
    ['hard_swish', false],
    ['PReLU', true],
  ])('replicas with %s have the results and gradients of the whole batch', async (_, prelu) => {
    await start(backend);
    await on(backend, async () => {
      const whole = await run([0, ROWS], { prelu });
      const replicas = await runReplicas(prelu);
      for (const { mean, variance, rows } of replicas) {
        expect(relativeError(mean, whole.mean)).toBeLessThan(1e-6);
        expect(relativeError(variance, whole.variance)).toBeLessThan(1e-6);
        expect(rows).toBe(ROWS);
      }
      expect(relativeError(joined(replicas.map(({ out }) => out)), whole.out)).toBeLessThan(1e-5);
      expect(relativeError(joined(replicas.map(({ grads }) => grads[0])), whole.grads[0])).toBeLessThan(1e-5);
      for (let i = 1; i < whole.grads.length; i++) {
        expect(relativeError(summed(replicas.map(({ grads }) => grads[i])), whole.grads[i])).toBeLessThan(
          1e-5,
        );
      }
    });
  });
});

test('a group of one replica communicates nothing', async () => {
  await start('wasm');
  const group = {
    size: 1,
    allReduce: () => {
      throw new Error('must not be called');
    },
  };
  expect((await run([0, ROWS], { prelu: false, group })).rows).toBe(ROWS);
});

test('refuses one value per channel on all replicas together', async () => {
  await start('wasm');
  // The other replica's part is empty.
  const group = { size: 2, allReduce: () => {} };
  await expect(run([0, 1], { prelu: false, group })).rejects.toThrow(
    'batchNormTrain: all 2 replicas together have one value per channel',
  );
});
