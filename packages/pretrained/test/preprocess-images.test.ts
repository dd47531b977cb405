import * as tf from '@tensorflow/tfjs-core';
import { inputValues, type Preprocessing } from '@unitsphere/images';
import { start } from '@unitsphere/testing/backends';
import { beforeAll, expect, test } from 'vitest';
import { preprocessImages } from '../src/index.js';

const preprocessing: Preprocessing = {
  imageSize: 2,
  channelOrder: 'BGR',
  mean: [0.4, 0.5, 0.6],
  std: [0.1, 0.2, 0.3],
};

beforeAll(() => start('cpu'));

test('returns the input as one tensor', () => {
  const images = [
    { width: 2, height: 3, data: Uint8Array.from({ length: 18 }, (_, i) => 14 * i) },
    { width: 1, height: 1, data: Uint8Array.of(9, 8, 7, 6) },
  ];
  const before = tf.memory().numTensors;
  const input = preprocessImages(images, preprocessing);
  expect(input.shape).toEqual([2, 2, 2, 3]);
  expect(input.dataSync()).toEqual(inputValues(images, preprocessing));
  input.dispose();
  expect(tf.memory().numTensors).toBe(before);
});

test('refuses an empty list', () => {
  expect(() => preprocessImages([], preprocessing)).toThrow(/at least one image/);
});
