import { type GoldenTensor, readGolden, relativeError } from '@unitsphere/testing/golden';
import { toNchw } from '@unitsphere/testing/golden/layout';
import { expect, test } from 'vitest';
import { inputValues, type Preprocessing, parsePreprocessing } from '../src/index.js';

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

test.each(cases)("computes the input of timm's transform from timm's config: $name", (c) => {
  const preprocessing = parsePreprocessing(JSON.stringify({ pretrained_cfg: c.config }));
  // Preceded by an image of another size.
  const other = { width: 1, height: 1, data: new Uint8ClampedArray(4) };
  const values = inputValues([other, pictureOf(c.photo)], preprocessing);
  const [, height, width] = c.input.shape;
  expect(values).toHaveLength(2 * height * width * 3);
  const image = toNchw({ shape: [1, height, width, 3], data: values.slice(values.length / 2) });
  expect(relativeError(image.data, c.input)).toBeLessThan(1e-6);
});

test('orders the channels as BGR on request, with mean and std in that order', () => {
  const plain: Preprocessing = { imageSize: 1, channelOrder: 'RGB', mean: [0, 0, 0], std: [1, 1, 1] };
  const image = { width: 1, height: 1, data: Uint8Array.of(255, 51, 0) };
  const valuesOf = (preprocessing: Preprocessing) => [...inputValues([image], preprocessing)];
  expect(valuesOf(plain)).toEqual([1, Math.fround(0.2), 0]);
  expect(valuesOf({ ...plain, channelOrder: 'BGR' })).toEqual([0, Math.fround(0.2), 1]);
  expect(valuesOf({ ...plain, channelOrder: 'BGR', mean: [1, 0, 0.5], std: [1, 2, 0.5] })).toEqual([
    -1,
    Math.fround(0.1),
    1,
  ]);
});
