import '@tensorflow/tfjs-backend-cpu';
import { loadGraphModel } from '@tensorflow/tfjs-converter';
import * as tf from '@tensorflow/tfjs-core';
import { listBackbones } from '@unitsphere/backbones';
import { createEmbedder, type Embedder } from '@unitsphere/embedder';
import type { PixelImage } from '@unitsphere/images';
import { start } from '@unitsphere/testing/backends';
import { beforeAll, describe, expect, test } from 'vitest';
import { exportGraphModel } from '../src/index.js';
import { drawPicture } from './pictures.js';
import { largestDifference } from './small-models.js';

beforeAll(() => start('wasm'));

const toBuffer = (bytes: Uint8Array) => bytes.slice().buffer;

/** Runs an exported GraphModel on pictures of the network's size. */
async function run(files: ReadonlyMap<string, Uint8Array>, pictures: readonly PixelImage[], side: number) {
  const { modelTopology, weightsManifest, signature } = JSON.parse(
    new TextDecoder().decode(files.get('model.json')),
  );
  const model = await loadGraphModel(
    tf.io.fromMemory({
      modelTopology,
      signature,
      weightSpecs: weightsManifest[0].weights,
      weightData: toBuffer(files.get('weights.bin') as Uint8Array),
    }),
  );
  const pixels = Float32Array.from(pictures.flatMap(({ data }) => Array.from(data)));
  const x = tf.tensor4d(pixels, [pictures.length, side, side, 3]);
  const y = model.predict({ pixels: x }) as tf.Tensor;
  const values = (await y.data()) as Float32Array;
  for (const tensor of [x, y]) tensor.dispose();
  model.dispose();
  return values;
}

const sizeOf = (name: string) => Number(/patch(\d+)/.exec(name)?.[1] ?? 16) * 2;
// The smallest of each family, whose operations the others have as well.
const families = [
  'lcnet',
  'mobilenetv3',
  'mobilenetv4',
  'tf_efficientnet',
  'resnet',
  'iresnet',
  'mobilefacenet',
  'vit',
];
const names = families.map((family) => listBackbones().find((name) => name.startsWith(family)) ?? family);

describe("a GraphModel computes the embedder's embeddings on TensorFlow.js's stock kernels", () => {
  test.each(names)('%s', async (backbone) => {
    const imageSize = sizeOf(backbone);
    const channelOrder = backbone.startsWith('lcnet') ? 'BGR' : 'RGB';
    const embedder = await createEmbedder({
      backbone: backbone as never,
      imageSize,
      preprocessing: { channelOrder },
    });
    try {
      const pictures = [1, 5, 9].map((seed) => drawPicture(imageSize, imageSize, seed));
      const expected = await embedder.embed(pictures);
      const before = tf.memory().numTensors;
      const found = await run(await exportGraphModel(embedder), pictures, imageSize);
      expect(tf.memory().numTensors).toBe(before);
      const all = Float32Array.from(expected.flatMap((row) => Array.from(row)));
      expect(largestDifference(all, found)).toBeLessThan(1e-4);
    } finally {
      embedder.dispose();
    }
  });
});

test('the same weights give the same bytes', async () => {
  const embedder: Embedder = await createEmbedder({ backbone: 'lcnet_035', imageSize: 32 });
  const [a, b] = [await exportGraphModel(embedder), await exportGraphModel(embedder)];
  expect([...a.keys()]).toEqual(['model.json', 'weights.bin']);
  for (const [name, bytes] of a) expect(Buffer.compare(bytes, b.get(name) as Uint8Array)).toBe(0);
  embedder.dispose();
});
