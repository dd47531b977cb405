import * as tf from '@tensorflow/tfjs-core';
import { start } from '@unitsphere/testing/backends';
import { type GoldenTensor, readGolden, relativeError } from '@unitsphere/testing/golden';
import { toNchw } from '@unitsphere/testing/golden/layout';
import { beforeAll, describe, expect, test } from 'vitest';
import { clipPreprocessing, preprocessImages, type RgbImage, resizeAndCrop } from '../src/index.js';

interface PreprocessingCase {
  name: string;
  imageSize: number;
  resizeTo: number;
  interpolation: 'bilinear' | 'bicubic';
  mean: [number, number, number];
  std: [number, number, number];
  photo: GoldenTensor;
  pixels: GoldenTensor;
  input?: GoldenTensor;
}

const { cases } = readGolden<PreprocessingCase>('clip_preprocessing');
const pictureOf = ({ data, shape }: GoldenTensor): RgbImage => ({
  height: shape[0],
  width: shape[1],
  data: Uint8Array.from(data),
});
const preprocessingOf = (c: PreprocessingCase) => ({
  ...clipPreprocessing(c.imageSize),
  cropFraction: c.imageSize / c.resizeTo,
  interpolation: c.interpolation,
});

beforeAll(() => start('cpu'));

describe.each(cases.map((c) => [c.name, c] as const))('%s', (_name, c) => {
  test('computes the same pixels as PIL', () => {
    const { width, height, data } = resizeAndCrop(pictureOf(c.photo), preprocessingOf(c));
    expect([height, width, 3]).toEqual(c.pixels.shape);
    expect(Array.from(data)).toEqual(Array.from(c.pixels.data));
  });

  if (!c.input) return;
  test('computes the same input as open_clip', () => {
    const preprocessing = preprocessingOf(c);
    expect([preprocessing.mean, preprocessing.std]).toEqual([c.mean, c.std]);
    const photo = pictureOf(c.photo);
    const before = tf.memory().numTensors;
    const input = preprocessImages([photo, photo], preprocessing);
    expect(input.shape).toEqual([2, c.imageSize, c.imageSize, 3]);
    const values = input.dataSync();
    input.dispose();
    expect(tf.memory().numTensors).toBe(before);
    const size = values.length / 2;
    for (const data of [values.subarray(0, size), values.subarray(size)]) {
      const image = toNchw({ shape: [1, c.imageSize, c.imageSize, 3], data });
      expect(relativeError(image.data, c.input!)).toBeLessThan(1e-6);
    }
  });
});

test('orders the channels as BGR on request', () => {
  const image = { width: 1, height: 1, data: Uint8Array.of(255, 51, 0) };
  const plain = { mean: [0, 0, 0], std: [1, 1, 1], imageSize: 1 } as const;
  const valuesOf = (channelOrder: 'RGB' | 'BGR') =>
    Array.from(
      tf.tidy(() =>
        preprocessImages([image], { ...plain, mean: [0, 0, 0], std: [1, 1, 1], channelOrder }).dataSync(),
      ),
    );
  expect(valuesOf('RGB')).toEqual([1, Math.fround(0.2), 0]);
  expect(valuesOf('BGR')).toEqual([0, Math.fround(0.2), 1]);
});

test('rounds the center crop half to even, as Python does', () => {
  // The crop begins at 199.5 pixels for the first width, and at 200.5 for the second.
  for (const width of [400, 402]) {
    const data = Uint8Array.from({ length: 3 * width }, (_, i) => (Math.floor(i / 3) === 200 ? 255 : 0));
    expect([...resizeAndCrop({ width, height: 1, data }, clipPreprocessing(1)).data]).toEqual([
      255, 255, 255,
    ]);
  }
});
