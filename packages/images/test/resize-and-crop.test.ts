import { expect, test } from 'vitest';
import { type Preprocessing, parsePreprocessing, resizeAndCrop } from '../src/index.js';

const plain: Preprocessing = { imageSize: 1, channelOrder: 'RGB', mean: [0, 0, 0], std: [1, 1, 1] };

test("accepts a part of a larger buffer, and a page's ImageData", () => {
  const buffer = Uint8Array.from({ length: 40 }, (_, i) => i);
  const rgb = { width: 2, height: 1, data: buffer.subarray(5, 11) };
  const rgba = { width: 2, height: 1, data: new Uint8ClampedArray([5, 6, 7, 0, 8, 9, 10, 128]) };
  const two: Preprocessing = { ...plain, imageSize: 2, cropMode: 'squash', interpolation: 'nearest' };
  const expected = [5, 6, 7, 8, 9, 10, 5, 6, 7, 8, 9, 10];
  expect([...resizeAndCrop(rgb, two).data]).toEqual(expected);
  expect([...resizeAndCrop(rgba, two).data]).toEqual(expected);
});

test('refuses wrong sizes and unknown crop modes', () => {
  const image = { width: 2, height: 2, data: new Uint8Array(15) };
  expect(() => resizeAndCrop(image, plain)).toThrow(
    /12 bytes \(RGB\) or 16 \(RGBA\), not 15; remove padding/,
  );
  expect(() => resizeAndCrop({ ...image, width: 0 }, plain)).toThrow(RangeError);
  expect(() => parsePreprocessing(JSON.stringify({ ...plain, cropMode: 'tile' }))).toThrow(
    /cropMode must be center or squash or border, not "tile"/,
  );
});
