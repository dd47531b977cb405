import * as tf from '@tensorflow/tfjs-core';
import { type Preprocessing, parsePreprocessing } from '@unitsphere/images';
import { start } from '@unitsphere/testing/backends';
import { type GoldenTensor, readGolden, relativeError } from '@unitsphere/testing/golden';
import { toNchw } from '@unitsphere/testing/golden/layout';
import { beforeAll, expect, test } from 'vitest';
import { preprocessImages } from '../src/index.js';

interface PreprocessingCase {
  name: string;
  config: Record<string, unknown>;
  photo: GoldenTensor;
  input: GoldenTensor;
}

const { cases } = readGolden<PreprocessingCase>('preprocessing');
const pictureOf = ({ data, shape }: GoldenTensor) => ({
  height: shape[0],
  width: shape[1],
  data: Uint8Array.from(data),
});

beforeAll(() => start('cpu'));

test.each(cases)("computes the input of timm's transform from timm's config: $name", (c) => {
  const preprocessing = parsePreprocessing(JSON.stringify({ pretrained_cfg: c.config }));
  const photo = pictureOf(c.photo);
  const before = tf.memory().numTensors;
  // Preceded by an image of another size.
  const other = { width: 1, height: 1, data: new Uint8ClampedArray(4) };
  const input = preprocessImages([other, photo], preprocessing);
  const [, height, width] = c.input.shape;
  expect(input.shape).toEqual([2, ...[height, width], 3]);
  const data = input.dataSync().slice(input.size / 2);
  input.dispose();
  expect(tf.memory().numTensors).toBe(before);
  const image = toNchw({ shape: [1, height, width, 3], data });
  expect(relativeError(image.data, c.input)).toBeLessThan(1e-6);
});

const plain: Preprocessing = { imageSize: 1, channelOrder: 'RGB', mean: [0, 0, 0], std: [1, 1, 1] };

test('orders the channels as BGR on request, with mean and std in that order', () => {
  const image = { width: 1, height: 1, data: Uint8Array.of(255, 51, 0) };
  const valuesOf = (preprocessing: Preprocessing) =>
    Array.from(tf.tidy(() => preprocessImages([image], preprocessing).dataSync()));
  expect(valuesOf(plain)).toEqual([1, Math.fround(0.2), 0]);
  expect(valuesOf({ ...plain, channelOrder: 'BGR' })).toEqual([0, Math.fround(0.2), 1]);
  expect(valuesOf({ ...plain, channelOrder: 'BGR', mean: [1, 0, 0.5], std: [1, 2, 0.5] })).toEqual([
    -1,
    Math.fround(0.1),
    1,
  ]);
});

test('refuses an empty list', () => {
  expect(() => preprocessImages([], plain)).toThrow(/at least one image/);
});
