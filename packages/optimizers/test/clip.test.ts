import * as tf from '@tensorflow/tfjs-core';
import { backends, start } from '@unitsphere/testing/backends';
import { beforeAll, describe, expect, test } from 'vitest';
import { clipScale, globalNorm, globalNormAsync } from '../src/index.js';

describe.each(backends)('%s', (backend) => {
  beforeAll(() => start(backend));

  test('computes the norm of all gradients together, ignoring missing ones', async () => {
    const gradients = [tf.tensor1d([3, 0]), null, tf.tensor2d([[4], [0]]), tf.scalar(12)];
    const before = tf.memory().numTensors;
    expect(globalNorm(gradients)).toBe(13);
    expect(await globalNormAsync(gradients)).toBe(13);
    expect([globalNorm([]), globalNorm([null]), await globalNormAsync([null])]).toEqual([0, 0, 0]);
    expect(tf.memory().numTensors).toBe(before);
    tf.dispose(gradients.filter((g) => g !== null));
  });

  test('does not lose small terms in a long sum', () => {
    tf.tidy(() => {
      // A sequential float32 sum has an error above 1e-3 here.
      const gradient = tf.fill([2000, 500], 0.1);
      const ratio = globalNorm([gradient]) / Math.sqrt(1e6 * Math.fround(0.1) ** 2);
      expect(Math.abs(ratio - 1)).toBeLessThan(2e-5);
    });
  });

  test('returns a norm that is not finite for such a gradient', () => {
    tf.tidy(() => {
      expect(globalNorm([tf.tensor1d([1, Number.NaN])])).toBeNaN();
      expect(globalNorm([tf.tensor1d([1, Number.NEGATIVE_INFINITY])])).toBe(Number.POSITIVE_INFINITY);
    });
  });
});

test('clipScale matches torch', () => {
  expect(clipScale(10, 5)).toBe(5 / (10 + 1e-6));
  expect(clipScale(4, 5)).toBe(1);
  // Already at the limit the 1e-6 has an effect.
  expect(clipScale(5, 5)).toBe(5 / (5 + 1e-6));
  expect(clipScale(0, 5)).toBe(1);
  expect(() => clipScale(Number.NaN, 5)).toThrow(/contains NaN or Infinity.*skip the step/);
  expect(() => clipScale(1, 0)).toThrow(/maxNorm must be above 0/);
  expect(() => clipScale(-1, 5)).toThrow(RangeError);
});
