import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, expect, test } from 'vitest';
import { toNchw } from '../../../tools/golden/layout.js';
import { type GoldenTensor, readGolden, relativeError } from '../../../tools/golden/read.js';
import { start } from '../../../tools/workspace/backends.js';
import { type Preprocessing, parsePreprocessing, preprocessImages, resizeAndCrop } from '../src/index.js';

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

test.each(cases)("$name: the input is that of timm's transform, by its own config", (c) => {
  const preprocessing = parsePreprocessing(JSON.stringify({ pretrained_cfg: c.config }));
  const photo = pictureOf(c.photo);
  const before = tf.memory().numTensors;
  // Another picture before it, of another size.
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

test('blue first where the network was trained so, mean and std in its order', () => {
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

test("a picture that is a part of a larger buffer, and a page's ImageData", () => {
  const buffer = Uint8Array.from({ length: 40 }, (_, i) => i);
  const rgb = { width: 2, height: 1, data: buffer.subarray(5, 11) };
  const rgba = { width: 2, height: 1, data: new Uint8ClampedArray([5, 6, 7, 0, 8, 9, 10, 128]) };
  const two: Preprocessing = { ...plain, imageSize: 2, cropMode: 'squash', interpolation: 'nearest' };
  const expected = [5, 6, 7, 8, 9, 10, 5, 6, 7, 8, 9, 10];
  expect([...resizeAndCrop(rgb, two).data]).toEqual(expected);
  expect([...resizeAndCrop(rgba, two).data]).toEqual(expected);
});

test('errors', () => {
  const image = { width: 2, height: 2, data: new Uint8Array(15) };
  expect(() => resizeAndCrop(image, plain)).toThrow(/12 bytes \(RGB\) or 16 \(RGBA\), not 15: no padding/);
  expect(() => resizeAndCrop({ ...image, width: 0 }, plain)).toThrow(RangeError);
  expect(() => preprocessImages([], plain)).toThrow(/no image/);
  expect(() => parsePreprocessing(JSON.stringify({ ...plain, cropMode: 'border' }))).toThrow(
    /cropMode must be center or squash, not "border"/,
  );
});
