/** Ties, infinities and NaN in operations that choose between values. */
import * as tf from '@tensorflow/tfjs-core';
import { everyBackend, on, read } from '@unitsphere/testing/backends';
import { describe, expect, test } from 'vitest';
import * as ops from '../src/index.js';

const { NaN: nan, POSITIVE_INFINITY: inf } = Number;
/** Lowest finite number, with which TensorFlow's own library initializes a window's maximum. */
const LOWEST = -3.4028234663852886e38;

/** Creates an image of `values` with equal channels; with 4 channels, kernels use vectors. */
const image = (values: number[][], channels: number) =>
  tf.tensor4d(
    values.flat().flatMap((value) => new Array<number>(channels).fill(value)),
    [1, values.length, values[0].length, channels],
  );
/** Returns the values of the first channel, after checking that all channels are equal. */
const firstChannels = (values: Float32Array, channels: number) => {
  const rows = Array.from({ length: values.length / channels }, (_, i) =>
    Array.from(values.subarray(i * channels, (i + 1) * channels)),
  );
  for (const row of rows) expect(new Set(row).size, `equal channels: ${row}`).toBe(1);
  return rows.map(([first]) => first);
};

describe.each(everyBackend)('%s', (backend) => {
  describe.each([3, 4])('with %d channels', (channels) => {
    const pool = (values: number[][], window: ops.PoolWindow) =>
      on(backend, async () => {
        const run = (x: tf.Tensor) => ops.maxPool2d(x as tf.Tensor4D, window);
        const x = image(values, channels);
        const y = run(x);
        // Distinct powers of 2 identify each window's gradient: 1, 2, 4, …
        const dy = tf.tensor4d(
          Array.from({ length: y.size }, (_, i) => 2 ** Math.floor(i / channels)),
          y.shape as [number, number, number, number],
        );
        const [out, gradient] = await Promise.all([read(y), read(tf.grad(run)(x, dy))]);
        return { y: firstChannels(out, channels), dx: firstChannels(gradient, channels) };
      });

    test('gives the gradient to the first of several equal maxima, in row-major order', async () => {
      const values = [
        [5, 5, 1],
        [5, 0, 7],
        [2, 7, 7],
      ];
      expect(await pool(values, { kernelSize: 2, stride: 1, padding: 0 })).toEqual({
        y: [5, 7, 7, 7],
        dx: [1, 0, 0, 0, 0, 2 + 8, 0, 4, 0],
      });
      const same = [
        [0, 0, 0],
        [0, 0, 0],
        [0, 0, 0],
      ];
      // Padding wins neither over smaller nor over equal values.
      expect(await pool(same, { kernelSize: 3, stride: 2, padding: 1 })).toEqual({
        y: [0, 0, 0, 0],
        dx: [1, 2, 0, 4, 8, 0, 0, 0, 0],
      });
      const below = same.map((row, i) => row.map((_, j) => -9 + 3 * i + j));
      expect((await pool(below, { kernelSize: 3, stride: 2, padding: 1 })).y).toEqual([-5, -4, -2, -1]);
    });

    test('compares infinities like other values', async () => {
      const values = [
        [-inf, 3, inf],
        [-inf, -inf, inf],
      ];
      expect(await pool(values, { kernelSize: 2, stride: 1, padding: 0 })).toEqual({
        y: [3, inf],
        dx: [0, 1, 2, 0, 0, 0],
      });
      const none = backend === 'node' ? LOWEST : -inf;
      const { y } = await pool([[-inf, -inf]], { kernelSize: 1, stride: 1, padding: 0 });
      expect(y).toEqual([none, none]);
    });

    const stock = backend === 'cpu' || backend === 'node';
    test(stock ? 'ignores NaN' : 'NaN wins, and the last one gets the gradient, as in PyTorch', async () => {
      const window = { kernelSize: 2, stride: 2, padding: 0 };
      for (const [values, last] of [
        [[nan, inf, 2, 3], 0],
        [[-nan, nan, 2, nan], 3],
        [[1, nan, nan, 3], 2],
      ] as const) {
        const { y, dx } = await pool([values.slice(0, 2), values.slice(2)], window);
        if (stock) expect(y).toEqual([Math.max(...values.filter((value) => !Number.isNaN(value)))]);
        else {
          expect(y).toEqual([nan]);
          expect(dx).toEqual([0, 1, 2, 3].map((place) => Number(place === last)));
        }
      }
    });

    test('PReLU keeps infinities and NaN, also after a norm, and passes gradients by sign', async () => {
      const values = [[nan, inf, -inf, -2, 0, 3]];
      const expected = [nan, inf, -inf, -0.5, 0, 3];
      const slope = () => tf.fill([channels], 0.25) as tf.Tensor1D;
      const vector = (value: number) => tf.fill([channels], value) as tf.Tensor1D;
      const [plain, shared, inNorm, dx] = await on(backend, () => {
        const x = image(values, channels);
        const norm = [vector(1), vector(0), vector(0), vector(1)] as const;
        return Promise.all(
          [
            ops.prelu(x, slope()),
            ops.prelu(x, tf.tensor1d([0.25])),
            ops.batchNormPreluInference(x, ...norm, slope(), { epsilon: 0 }),
            tf.grad((t) => ops.prelu(t, slope()))(x, tf.onesLike(x)),
          ].map(read),
        );
      });
      expect(firstChannels(plain, channels)).toEqual(expected);
      expect(firstChannels(shared, channels)).toEqual(expected);
      expect(firstChannels(inNorm, channels)).toEqual(expected);
      expect(firstChannels(dx, channels)).toEqual([0.25, 1, 0.25, 0.25, 0.25, 1]);
    });

    test('NaN in one channel affects only the statistics and gradients of that channel', async () => {
      const [y, dx, dslope] = await on(backend, () => {
        const values = Array.from({ length: 6 * channels }, (_, i) =>
          i === channels + 1 ? nan : (i % 7) - 3,
        );
        const x = tf.tensor2d(values, [6, channels]);
        const vector = (value: number) => tf.fill([channels], value) as tf.Tensor1D;
        const run = (x: tf.Tensor, slope: tf.Tensor) =>
          ops.batchNormPreluTrain(x, vector(1), vector(0), slope as tf.Tensor1D).y;
        const slope = vector(0.25);
        return Promise.all([run(x, slope), ...tf.grads(run)([x, slope], tf.onesLike(x))].map(read));
      });
      for (const values of [y, dx, dslope]) {
        values.forEach((value, i) => {
          expect(Number.isNaN(value), `${i}: ${value}`).toBe(i % channels === 1);
        });
      }
    });

    test('a factor of 0 turns infinity into NaN, and does not affect other samples', async () => {
      const scaled = await on(backend, () =>
        read(
          ops.scaleSamples(
            tf.tensor2d(
              [...new Array<number>(channels).fill(inf), ...new Array<number>(channels).fill(2)],
              [2, channels],
            ),
            tf.tensor1d([0, -3]),
          ),
        ),
      );
      expect(firstChannels(scaled, channels)).toEqual([nan, -6]);
    });
  });

  test.each([4, 7, 4000, 4099])('counts the infinite and NaN values of %d', async (size) => {
    const values = Float32Array.from({ length: size }, (_, i) => [LOWEST, 0, 1e-40, 3][i % 4]);
    const count = (input: Float32Array) => on(backend, () => read(ops.countNonFinite(tf.tensor1d(input))));
    expect([...(await count(values))]).toEqual([0]);
    values.set([inf, -inf, nan]);
    values[size - 1] = nan;
    expect([...(await count(values))]).toEqual([4]);
    expect([...(await count(new Float32Array(0)))]).toEqual([0]);
  });
});
