import { mkdtempSync, rmSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { createEmbedder, type Embedder } from '@unitsphere/embedder';
import { inputValues, type Preprocessing } from '@unitsphere/images';
import { start } from '@unitsphere/testing/backends';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { exportOnnx, exportTransformers } from '../src/index.js';
import { saveFolder } from '../src/node.js';
import { missingBrowser, openOnnxPage } from './onnx-page.js';
import { runOnnx, runtime } from './onnx-runtime.js';
import { drawPicture } from './pictures.js';
import { createSmallModel, type SmallModel } from './small-models.js';

const peers = createRequire(new URL('../../../tools/peers/package.json', import.meta.url));
const library = dirname(peers.resolve('@huggingface/transformers'));
const imageSize = 64;
const statistics = { mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225] } as const;
const base: Preprocessing = {
  imageSize,
  channelOrder: 'RGB',
  mean: [...statistics.mean],
  std: [...statistics.std],
};
const pictures = [
  drawPicture(150, 100),
  drawPicture(90, 211, 5),
  drawPicture(50, 40, 9),
  drawPicture(64, 64, 3),
];

let model: SmallModel;
let embedder: Embedder;
beforeAll(async () => {
  await start('wasm');
  model = createSmallModel('lcnet_050', 'squeeze', 'layernorm-batchnorm');
  embedder = await createEmbedder({
    backbone: 'lcnet_050',
    imageSize,
    preprocessing: { channelOrder: 'BGR', cropMode: 'center', cropFraction: 0.9 },
  });
});
afterAll(() => {
  model.dispose();
  embedder.dispose();
});

const cosine = (a: ArrayLike<number>, b: ArrayLike<number>) =>
  Array.from(a).reduce((sum, value, i) => sum + value * b[i], 0);

/** Normalizes a whole picture, as a processor without resizing does: float32, NCHW. */
function normalize(
  picture: (typeof pictures)[number],
  { mean, std, channelOrder }: Preprocessing,
): Float32Array {
  const size = picture.width * picture.height;
  return Float32Array.from({ length: 3 * size }, (_, i) => {
    const c = Math.floor(i / size);
    const from = channelOrder === 'BGR' ? 2 - c : c;
    return (picture.data[3 * (i % size) + from] / 255 - mean[c]) / std[c];
  });
}

describe('resizing in the graph computes what resizeAndCrop does', () => {
  const cases: [string, Partial<Preprocessing>][] = [
    ['center', { cropFraction: 0.875 }],
    ['squash', { cropMode: 'squash' }],
    ['squash and crop', { cropMode: 'squash', cropFraction: 0.9 }],
    ['border', { cropMode: 'border' }],
    ['bicubic', { interpolation: 'bicubic', cropFraction: 0.8 }],
    ['nearest', { interpolation: 'nearest', cropMode: 'squash' }],
  ];
  test.each(cases)('%s', async (_name, options) => {
    const preprocessing: Preprocessing = { ...base, ...options };
    const bytes = await exportOnnx(model, { inputSize: imageSize, resizing: preprocessing });
    for (const picture of pictures) {
      const ours = await model.embed(inputValues([picture], preprocessing));
      const { width, height } = picture;
      const theirs = await runOnnx(bytes, normalize(picture, preprocessing), [1, 3, height, width]);
      expect(cosine(ours, theirs)).toBeGreaterThan(0.9995);
    }
  });

  test('refuses another size than the network has', async () => {
    const resizing = { ...base, imageSize: 32 };
    await expect(exportOnnx(model, { inputSize: imageSize, resizing })).rejects.toThrow(/resizing requires/);
  });
});

describe("transformers.js's pipeline('image-feature-extraction') computes our embeddings", () => {
  const folder = mkdtempSync(join(tmpdir(), 'transformers-'));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  beforeAll(async () => {
    const files = await exportTransformers(embedder, { calibration: { runtime, images: pictures } });
    expect([...files.keys()]).toEqual([
      'README.md',
      'config.json',
      'preprocessor_config.json',
      'onnx/model.onnx',
      'onnx/model_fp16.onnx',
      'onnx/model_quantized.onnx',
    ]);
    await saveFolder(join(folder, 'model'), files);
  });

  test('in Node, in every precision', async () => {
    const { env, LogLevel, pipeline, RawImage } = await import(
      pathToFileURL(join(library, 'transformers.node.mjs')).href
    );
    env.allowRemoteModels = false;
    env.localModelPath = folder;
    env.logLevel = LogLevel?.ERROR ?? env.logLevel;
    for (const [dtype, least] of [
      ['fp32', 0.9995],
      ['fp16', 0.9995],
      ['q8', 0.97],
    ] as const) {
      const extract = await pipeline('image-feature-extraction', 'model', { dtype });
      for (const picture of pictures) {
        const image = new RawImage(picture.data, picture.width, picture.height, 3);
        const { data, dims } = await extract(image);
        const ours = await embedder.embed(picture);
        expect(dims).toEqual([1, ours.length]);
        expect(cosine(ours, data), dtype).toBeGreaterThan(least);
      }
      await extract.dispose();
    }
  }, 60_000);

  test.skipIf(missingBrowser)(
    'in Chromium',
    async () => {
      const page = await openOnnxPage();
      try {
        for (const name of ['config.json', 'preprocessor_config.json', 'onnx/model.onnx']) {
          page.files.set(`models/model/${name}`, await readFile(join(folder, 'model', name)));
        }
        page.files.set('transformers.js', await readFile(join(library, 'transformers.min.js')));
        const found = await page.page.evaluate(
          async ({ pictures, script }) => {
            const module = document.createElement('script');
            module.type = 'module';
            module.textContent = script;
            document.head.append(module);
            const embed = await new Promise<
              (data: number[], width: number, height: number) => Promise<number[]>
            >((resolve) => Object.assign(globalThis, { ready: resolve }));
            const all: number[][] = [];
            for (const { data, width, height } of pictures) all.push(await embed(data, width, height));
            return all;
          },
          {
            script: IN_PAGE,
            pictures: pictures.map(({ data, width, height }) => ({ data: Array.from(data), width, height })),
          },
        );
        for (const [i, picture] of pictures.entries()) {
          const ours = await embedder.embed(picture);
          expect(cosine(ours, found[i])).toBeGreaterThan(0.9995);
        }
      } finally {
        await page.close();
      }
    },
    60_000,
  );
});

// Vitest would rewrite an import in a function of this file.
const IN_PAGE = `
import { env, pipeline, RawImage } from '/transformers.js';
env.allowRemoteModels = false;
env.allowLocalModels = true;
env.localModelPath = '/models/';
env.backends.onnx.wasm.wasmPaths = '/ort/';
env.backends.onnx.wasm.numThreads = 1;
const extract = await pipeline('image-feature-extraction', 'model', { dtype: 'fp32', device: 'wasm' });
globalThis.ready(async (data, width, height) => {
  const { data: values } = await extract(new RawImage(Uint8ClampedArray.from(data), width, height, 3));
  return Array.from(values);
});
`;
