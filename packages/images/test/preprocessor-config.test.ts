import { expect, test } from 'vitest';
import {
  formatPreprocessorConfig,
  type Preprocessing,
  parsePreprocessorConfig,
  resizeAndCrop,
} from '../src/index.js';

const base: Preprocessing = {
  imageSize: 128,
  channelOrder: 'RGB',
  mean: [0.485, 0.456, 0.406],
  std: [0.229, 0.224, 0.225],
};

test.each<Preprocessing>([
  { ...base, cropMode: 'squash', interpolation: 'bilinear', cropFraction: 1 },
  { ...base, cropMode: 'center', interpolation: 'bicubic', cropFraction: 0.875 },
  { ...base, cropMode: 'border', interpolation: 'nearest', cropFraction: 0.9, channelOrder: 'BGR' },
])("is restored from Hugging Face's form: $cropMode", (preprocessing) => {
  expect(parsePreprocessorConfig(formatPreprocessorConfig(preprocessing))).toEqual(preprocessing);
});

test('has the entries that transformers reads', () => {
  const config = JSON.parse(formatPreprocessorConfig({ ...base, cropMode: 'squash' }));
  expect(config).toMatchObject({
    image_processor_type: 'ViTImageProcessor',
    do_resize: true,
    size: { height: 128, width: 128 },
    resample: 2,
    do_center_crop: false,
    do_rescale: true,
    rescale_factor: 1 / 255,
    do_normalize: true,
    image_mean: base.mean,
    image_std: base.std,
  });
});

test("derives the crop from another model's sizes", () => {
  const config = {
    size: { shortest_edge: 235 },
    crop_size: { height: 224, width: 224 },
    do_center_crop: true,
    resample: 3,
    image_mean: [0.5, 0.5, 0.5],
    image_std: [0.5, 0.5, 0.5],
  };
  const preprocessing = parsePreprocessorConfig(JSON.stringify(config));
  expect(preprocessing).toMatchObject({ imageSize: 224, cropMode: 'center', interpolation: 'bicubic' });
  expect(Math.floor(224 / (preprocessing.cropFraction ?? 1))).toBe(235);
  const image = { width: 4, height: 2, data: new Uint8Array(24) };
  expect(resizeAndCrop(image, preprocessing)).toMatchObject({ width: 224, height: 224 });
  const clip = { ...config, size: 224, crop_size: 224 };
  expect(parsePreprocessorConfig(JSON.stringify(clip))).toMatchObject({ imageSize: 224, cropFraction: 1 });
});

test('refuses what it cannot do, by the name of the entry', () => {
  const parse = (changes: object) => () =>
    parsePreprocessorConfig(JSON.stringify({ ...JSON.parse(formatPreprocessorConfig(base)), ...changes }));
  expect(parse({ rescale_factor: 1 })).toThrow(/rescale_factor must be 1\/255, not 1/);
  expect(parse({ resample: 1 })).toThrow(/resample must be 0, 2 or 3, not 1/);
  expect(parse({ image_mean: [0, 0] })).toThrow(/mean must be three numbers/);
  expect(parse({ do_resize: false })).toThrow(/do_resize must not be false/);
  expect(parse({ crop_mode: 'center', do_center_crop: true, crop_size: { height: 1, width: 2 } })).toThrow(
    /crop_size .* only square/,
  );
  expect(() => parsePreprocessorConfig('[')).toThrow(/preprocessor_config.json is not JSON/);
});
