import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { createEmbedder } from '@unitsphere/embedder';
import { start } from '@unitsphere/testing/backends';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { exportGraphModel } from '../src/index.js';
import { missingBrowser, type OnnxPage, openOnnxPage } from './onnx-page.js';
import { drawPicture } from './pictures.js';
import { largestDifference } from './small-models.js';

/** The published scripts of TensorFlow.js for pages, in order. */
const SCRIPTS = [
  'tfjs-core/dist/tf-core.min.js',
  'tfjs-converter/dist/tf-converter.min.js',
  'tfjs-backend-cpu/dist/tf-backend-cpu.min.js',
  'tfjs-backend-wasm/dist/tf-backend-wasm.min.js',
];
const require = createRequire(import.meta.url);

/** The globals of the scripts that this test uses. */
interface PageGlobals {
  tf: typeof import('@tensorflow/tfjs-core') & {
    loadGraphModel: typeof import('@tensorflow/tfjs-converter').loadGraphModel;
    wasm: { setWasmPaths(prefix: string): void };
  };
}

if (missingBrowser) test.skip(missingBrowser, () => {});

describe.skipIf(missingBrowser)('a GraphModel in Chromium, on TensorFlow.js alone', () => {
  const imageSize = 32;
  let page: OnnxPage;
  beforeAll(async () => {
    await start('wasm');
    page = await openOnnxPage();
    for (const script of SCRIPTS) {
      page.files.set(`tfjs/${script}`, await readFile(resolveFile(script)));
      await page.page.addScriptTag({ url: `/tfjs/${script}` });
    }
    const wasm = 'tfjs-backend-wasm-simd.wasm';
    page.files.set(`tfjs/${wasm}`, await readFile(resolveFile(`tfjs-backend-wasm/wasm-out/${wasm}`)));
  }, 60_000);
  afterAll(() => page?.close());

  test.each(['lcnet_050'] as const)(
    '%s computes our embeddings on the cpu and wasm backends',
    async (backbone) => {
      const embedder = await createEmbedder({ backbone, imageSize });
      try {
        const pictures = [drawPicture(imageSize, imageSize), drawPicture(imageSize, imageSize, 5)];
        const expected = (await embedder.embed(pictures)).flatMap((row) => Array.from(row));
        for (const [name, bytes] of await exportGraphModel(embedder)) page.files.set(`model/${name}`, bytes);
        const pixels = pictures.flatMap(({ data }) => Array.from(data));
        for (const backend of ['cpu', 'wasm']) {
          const found = await page.page.evaluate(
            async ({ backend, pixels, shape }) => {
              const { tf } = globalThis as unknown as PageGlobals;
              tf.wasm.setWasmPaths('/tfjs/');
              await tf.setBackend(backend);
              const model = await tf.loadGraphModel('/model/model.json');
              const y = tf.tidy(() => model.predict({ pixels: tf.tensor(pixels, shape) }));
              const values = await (y as import('@tensorflow/tfjs-core').Tensor).data();
              tf.dispose(y as import('@tensorflow/tfjs-core').Tensor);
              model.dispose();
              return { backend: tf.getBackend(), values: Array.from(values), left: tf.memory().numTensors };
            },
            { backend, pixels, shape: [pictures.length, imageSize, imageSize, 3] },
          );
          expect([found.backend, found.left]).toEqual([backend, 0]);
          expect(
            largestDifference(Float32Array.from(expected), Float32Array.from(found.values)),
          ).toBeLessThan(1e-4);
        }
      } finally {
        embedder.dispose();
      }
    },
    60_000,
  );
});

/** Returns the path of a file of TensorFlow.js's packages. */
function resolveFile(path: string): string {
  const [name, ...parts] = path.split('/');
  return join(dirname(require.resolve(`@tensorflow/${name}/package.json`)), ...parts);
}
