import { listBackbones } from '@unitsphere/backbones';
import { listNecks } from '@unitsphere/necks';
import { listNorms } from '@unitsphere/norms';
import { start } from '@unitsphere/testing/backends';
import { beforeAll, describe, expect, test } from 'vitest';
import { exportOnnx } from '../src/index.js';
import { runOnnx } from './onnx-runtime.js';
import { createSmallModel, drawImages, largestDifference, toNchw } from './small-models.js';

beforeAll(() => start('wasm'));

/** Returns the largest difference between our embeddings of 3 images and onnxruntime-node's. */
async function compare(...choice: Parameters<typeof createSmallModel>): Promise<number> {
  const model = createSmallModel(...choice);
  try {
    const { inputSize } = model;
    const bytes = await exportOnnx(model, { inputSize });
    const images = drawImages(3, inputSize);
    const ours = await model.embed(images);
    return largestDifference(
      ours,
      await runOnnx(bytes, toNchw(images, inputSize), [3, 3, inputSize, inputSize]),
    );
  } finally {
    model.dispose();
  }
}

// Deep networks of families whose shallow ones are always compared. A new backbone is compared unless it is listed here.
const DEEP = [
  'resnet34',
  'resnet50',
  'iresnet34',
  'iresnet50',
  'iresnet100',
  'iresnet200',
  'vit_small_patch16_224',
];
const compared = listBackbones().filter(
  (name) => process.env['UNITSPHERE_ALL_BACKBONES'] === 'true' || !DEEP.includes(name),
);

describe('onnxruntime-node computes our embeddings within 1e-4', () => {
  test.each(compared)(
    'with the backbone %s',
    async (name) => {
      expect(await compare(name, 'squeeze', 'layernorm-batchnorm', sizeOf(name))).toBeLessThan(1e-4);
    },
    120_000,
  );

  test.each(listNecks().flatMap((neck) => listNorms().map((norm) => [neck, norm] as const)))(
    'with the neck %s and the norm %s',
    async (neck, norm) => {
      expect(await compare('lcnet_050', neck, norm)).toBeLessThan(1e-4);
    },
  );
});

/** Returns a small size that the backbone accepts. */
const sizeOf = (name: string) => Number(/patch(\d+)/.exec(name)?.[1] ?? 16) * 4;
