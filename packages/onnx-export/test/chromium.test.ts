import { start } from '@unitsphere/testing/backends';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { exportOnnx } from '../src/index.js';
import { missingBrowser, type OnnxPage, openOnnxPage } from './onnx-page.js';
import { createSmallModel, drawImages, largestDifference, toNchw } from './small-models.js';

let page: OnnxPage;
const inputSize = 64;

// Compiling a network's shaders for a software adapter takes many seconds, so these are the smallest two of different kinds.
// tools/golden/onnx-runtimes.mjs runs every model.
const models = [
  ['lcnet_050', 'squeeze', 'layernorm-batchnorm'],
  ['vit_tiny_patch16_224', 'gap', 'batchnorm-layernorm'],
] as const;

if (missingBrowser) test.skip(missingBrowser, () => {});

describe.skipIf(missingBrowser)('onnxruntime-web in Chromium computes our embeddings within 1e-4', () => {
  beforeAll(async () => {
    await start('wasm');
    page = await openOnnxPage();
  }, 60_000);
  afterAll(() => page?.close());

  test.each(models)(
    '%s, %s, %s',
    async (...choice) => {
      const model = createSmallModel(...choice);
      try {
        const images = drawImages(2, inputSize);
        const expected = await model.embed(images);
        const bytes = await exportOnnx(model, { inputSize });
        for (const provider of ['wasm', 'webgpu'] as const) {
          const found = await page.run(provider, bytes, toNchw(images, inputSize), [
            2,
            3,
            inputSize,
            inputSize,
          ]);
          expect(largestDifference(expected, found), provider).toBeLessThan(1e-4);
        }
      } finally {
        model.dispose();
      }
    },
    120_000,
  );
});
