import { expect, test } from 'vitest';
import { parseConfig } from '../src/config/parse-config.js';

const config = (backbone: string, imageSize: number) =>
  parseConfig(`data: { imageSize: ${imageSize} }\nmodel: { backbone: ${backbone} }`, { file: 'test' });

test.each(['iresnet18', 'mobilefacenet', 'vit_tiny_patch16_224'])(
  '%s, whose stride is 16, takes images of 112 pixels',
  (backbone) => {
    expect(config(backbone, 112).data.imageSize).toBe(112);
  },
);

test('refuses a size that the stride does not divide, and names the nearest ones', () => {
  expect(() => config('lcnet_050', 112)).toThrow(
    'data.imageSize: must be a multiple of 32, the stride of lcnet_050; use 96 or 128',
  );
  expect(() => config('iresnet18', 100)).toThrow(
    'data.imageSize: must be a multiple of 16, the stride of iresnet18; use 96 or 112',
  );
});
