// Convolutions that the WebAssembly kernels compute by Winograd's algorithm, and their gradients, beside the CPU backend.
import * as tf from '@tensorflow/tfjs-core';
import { on } from '@unitsphere/testing/backends';
import { expect, test } from 'vitest';
import { conv2d } from '../src/index.js';

/** Shapes of the images, whose sizes are odd, of the filter, and of the output. */
const SHAPES = [
  [2, 13, 14, 20],
  [3, 3, 20, 36],
  [2, 13, 14, 36],
] as const;

/** Draws the images, the filter, and the gradient of the output. */
const draw = () =>
  SHAPES.map((shape, seed) =>
    Float32Array.from({ length: tf.util.sizeFromShape([...shape]) }, (_, i) => Math.sin(97 * i * i + seed)),
  );

/** Returns the output of the convolution and its two gradients. */
const compute = (backend: string, values: readonly Float32Array[]) =>
  on(backend, () =>
    tf.tidy(() => {
      const [x, filter, dy] = values.map((list, i) => tf.tensor(list, [...SHAPES[i]]));
      const conv = (image: tf.Tensor, weights: tf.Tensor) =>
        conv2d(image as tf.Tensor4D, weights as tf.Tensor4D, { stride: 1, padding: 1 });
      const tensors = [conv(x, filter), ...tf.grads(conv)([x, filter], dy)];
      return tensors.map((tensor) => tensor.dataSync() as Float32Array);
    }),
  );

test('the output and both gradients agree with those of the CPU backend', async () => {
  const values = draw();
  const expected = await compute('cpu', values);
  const before = tf.memory().numTensors;
  const actual = await compute('wasm', values);
  expect(tf.memory().numTensors).toBe(before);
  actual.forEach((list, i) => {
    const largest = expected[i].reduce((most, v) => Math.max(most, Math.abs(v)), 0);
    const worst = list.reduce((most, v, at) => Math.max(most, Math.abs(v - expected[i][at])), 0);
    expect(worst / largest).toBeLessThan(4e-6);
  });
});

test.each([
  [Number.NaN, 1000, 3300],
  [Number.POSITIVE_INFINITY, 2717, 5000],
])('%s reaches the values that depend on it, and no others', async (value, atX, atDy) => {
  const values = draw();
  values[0][atX] = value;
  values[2][atDy] = value;
  const findFinite = (all: Float32Array[]) => all.map((list) => [...list].map(Number.isFinite));
  const expected = findFinite(await compute('cpu', values));
  expect(findFinite(await compute('wasm', values))).toEqual(expected);
  expect(expected[0]).toContain(true);
});
