import * as tf from '@tensorflow/tfjs-core';
import { start } from '@unitsphere/testing/backends';
import { beforeAll, expect, test } from 'vitest';
import { DropPath, Random } from '../src/index.js';

beforeAll(() => start('cpu'));

test('keeps the mean, and changes nothing in evaluation or at rate 0', () => {
  const layer = new DropPath(0.25, new Random(1));
  tf.tidy(() => {
    const x = tf.ones([4000, 2, 3]);
    const rows = layer
      .forward(x)
      .dataSync()
      .filter((_, i) => i % 6 === 0);
    expect(new Set(rows)).toEqual(new Set([0, Math.fround(4 / 3)]));
    const dropped = rows.filter((value) => value === 0).length / rows.length;
    expect(Math.abs(dropped - 0.25)).toBeLessThan(0.03);
    expect(layer.eval().forward(x)).toBe(x);
    expect(new DropPath(0, new Random(1)).forward(x)).toBe(x);
  });
});

test('drops all values of a sample or none, and its gradient likewise', () => {
  const layer = new DropPath(0.5, new Random(2));
  tf.tidy(() => {
    const dx = tf
      .grad((x: tf.Tensor) => layer.forward(x))(tf.ones([8, 3]))
      .arraySync() as number[][];
    for (const row of dx)
      expect([
        [0, 0, 0],
        [2, 2, 2],
      ]).toContainEqual(row);
  });
});

test('refuses a rate outside [0, 1)', () => {
  expect(() => new DropPath(1, new Random(1))).toThrow('DropPath: rate must be in [0, 1), not 1.');
  expect(() => new DropPath(-0.1, new Random(1))).toThrow(RangeError);
});
