import * as tf from '@tensorflow/tfjs-core';
import { start } from '@unitsphere/testing/backends';
import { beforeAll, expect, test } from 'vitest';
import { conv2d, countMultiplyAdds, depthwiseConv2d, matMul, relu } from '../src/index.js';

beforeAll(() => start('cpu'));

const count = (fn: () => unknown) => countMultiplyAdds(() => void tf.tidy(() => void fn()));
const ones = (...shape: [number, number, number, number]) => tf.ones<tf.Rank.R4>(shape);

test('counts one for each product of a sum in convolutions and matrix products, padding included', () => {
  const window = { stride: 2, padding: 1 };
  expect(count(() => conv2d(ones(2, 5, 7, 3), ones(3, 3, 3, 8), window))).toBe(2 * 3 * 4 * 8 * 27);
  expect(count(() => depthwiseConv2d(ones(1, 4, 4, 6), ones(3, 3, 6, 1), window))).toBe(2 * 2 * 6 * 9);
  const [a, b] = [tf.ones<tf.Rank.R2>([5, 3]), tf.ones<tf.Rank.R2>([7, 5])];
  expect(count(() => matMul(a, b, true, true))).toBe(3 * 7 * 5);
});

test('counts nothing for other operations and for gradients, and ends the count if fn throws', () => {
  expect(count(() => relu(ones(1, 2, 2, 2)))).toBe(0);
  const filter = ones(1, 1, 2, 4);
  const forward = () => conv2d(ones(1, 3, 3, 2), filter, { stride: 1, padding: 0 });
  expect(
    count(() =>
      tf.grad((f) => conv2d(ones(1, 3, 3, 2), f as tf.Tensor4D, { stride: 1, padding: 0 }))(filter),
    ),
  ).toBe(count(forward));
  expect(() =>
    countMultiplyAdds(() => {
      throw new Error('stop');
    }),
  ).toThrow('stop');
  expect(count(forward)).toBe(9 * 4 * 2);
});
