import { start } from '@unitsphere/testing/backends';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type ExportOnnxOptions, exportOnnx } from '../src/index.js';
import { runOnnx, runtime } from './onnx-runtime.js';
import { createSmallModel, drawImages, type SmallModel, toNchw } from './small-models.js';

beforeAll(() => start('wasm'));

const inputSize = 64;

/** Returns the smallest cosine between the model's embeddings of 4 images and an export's. */
async function smallestCosine(model: SmallModel, bytes: Uint8Array): Promise<number> {
  const images = drawImages(4, inputSize);
  const ours = await model.embed(images);
  const theirs = await runOnnx(bytes, toNchw(images, inputSize), [4, 3, inputSize, inputSize]);
  const width = ours.length / 4;
  const cosines = [0, 1, 2, 3].map((n) => {
    const row = ours.subarray(n * width, (n + 1) * width);
    return row.reduce((sum, value, i) => sum + value * theirs[n * width + i], 0);
  });
  return Math.min(...cosines);
}

function* calibrationImages() {
  const images = toNchw(drawImages(4, inputSize), inputSize);
  const size = 3 * inputSize * inputSize;
  for (let i = 0; i < 4; i++) yield images.slice(i * size, (i + 1) * size);
}

const precisions: [string, Partial<ExportOnnxOptions>, number, number][] = [
  ['float16', { precision: 'float16' }, 0.52, 0.9999],
  ['int8-weights', { precision: 'int8-weights' }, 0.3, 0.9995],
  ['int8', { precision: 'int8', calibration: { runtime, images: [] } }, 0.3, 0.99],
];

describe.each(['lcnet_100', 'resnet18', 'vit_tiny_patch16_224'] as const)('%s', (backbone) => {
  let model: SmallModel;
  let full: Uint8Array;
  beforeAll(async () => {
    model = createSmallModel(backbone, 'squeeze', 'layernorm-batchnorm');
    full = await exportOnnx(model, { inputSize });
  }, 60_000);
  afterAll(() => model.dispose());

  test.each(precisions)(
    '%s is smaller and computes nearly the same embeddings',
    async (_name, options, largestRatio, leastCosine) => {
      const calibration = options.calibration && { ...options.calibration, images: calibrationImages() };
      const small = await exportOnnx(model, { inputSize, ...options, calibration });
      expect(small.length / full.length).toBeLessThan(largestRatio);
      expect(await smallestCosine(model, small)).toBeGreaterThan(leastCosine);
    },
    60_000,
  );
});

test.each([
  ['lcnet_100', 'conv_stem', 'float32'],
  ['vit_tiny_patch16_224', 'patch_embed.proj', 'int8'],
] as const)('the first layer of %s, %s, is stored as %s', async (backbone, layer, type) => {
  const model = createSmallModel(backbone, 'gap', 'layernorm');
  const text = Buffer.from(await exportOnnx(model, { inputSize, precision: 'int8-weights' })).toString(
    'latin1',
  );
  model.dispose();
  expect(text.includes(`backbone.${layer}.weight_int8`)).toBe(type === 'int8');
  expect(text).toContain('head.linear1.weight_int8');
});
