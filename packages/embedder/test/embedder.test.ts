import * as tf from '@tensorflow/tfjs-core';
import { type ImageInput, inputValues, type PixelImage } from '@unitsphere/images';
import { start } from '@unitsphere/testing/backends';
import { beforeAll, expect, onTestFinished, test } from 'vitest';
import {
  createEmbedder,
  type EmbedderOptions,
  embedPixels,
  imageNetPreprocessing,
  toInput,
} from '../src/index.js';
import { expectClose, expectEqual, noise, SMALL } from './helpers.js';

beforeAll(() => start('wasm'));

async function create(options: Partial<EmbedderOptions> = {}, seed = 0) {
  const embedder = await createEmbedder({ ...SMALL, ...options }, { seed });
  onTestFinished(() => embedder.dispose());
  return embedder;
}

const dot = (a: Float32Array, b: Float32Array) => a.reduce((sum, value, i) => sum + value * b[i], 0);

test('embeds one image as a vector of unit length, and disposes every tensor', async () => {
  const before = tf.memory().numTensors;
  const embedder = await createEmbedder(SMALL);
  const created = tf.memory().numTensors;
  const embedding = await embedder.embed(noise(1));
  expect(embedding).toBeInstanceOf(Float32Array);
  expect(embedding).toHaveLength(embedder.embeddingSize);
  expect(dot(embedding, embedding)).toBeCloseTo(1, 5);
  expect(tf.memory().numTensors).toBe(created);
  embedder.dispose();
  embedder.dispose();
  expect(tf.memory().numTensors).toBe(before);
  await expect(embedder.embed(noise(1))).rejects.toMatchObject({ code: 'DISPOSED' });
});

test('gives an image the same embedding alone and in batches of any size', async () => {
  const embedder = await create();
  const images = [0, 1, 2, 3, 4].map((seed) => noise(seed, 30 + seed, 40));
  const together = await embedder.embed(images);
  expect(together).toHaveLength(5);
  const inPairs = await embedder.embed(images, { batchSize: 2 });
  for (const [i, image] of images.entries()) {
    expectEqual(await embedder.embed(image), together[i]);
    expectEqual(inPairs[i], together[i]);
  }
  expect(await embedder.embed([])).toEqual([]);
});

test('gives the embeddings of the forward pass, also with weights assigned after the first embedding', async () => {
  for (const channelOrder of ['RGB', 'BGR'] as const) {
    const preprocessing = { ...imageNetPreprocessing(32), channelOrder };
    const embedder = await create({ preprocessing });
    const { model } = embedder;
    if (!model) throw new Error('The embedder has no model.');
    const images = [noise(0), noise(1)];
    const pixels = Uint8Array.from(images.flatMap(({ data }) => [...data]));
    for (let round = 0; round < 2; round++) {
      const expected = await embedPixels(model, pixels, preprocessing);
      const embeddings = await embedder.embed(images);
      for (const [n, row] of embeddings.entries()) {
        expectClose(row, expected.slice(n * row.length, (n + 1) * row.length));
      }
      for (const [, { variable }] of model.namedParameters(''))
        tf.tidy(() => variable.assign(tf.mul(variable, 0.9)));
    }
  }
});

test('threads give the same bits, also with weights assigned after the first embedding', async () => {
  const [alone, threaded] = [await create(), await createEmbedder(SMALL, { threads: 2 })];
  const images = [noise(0), noise(1), noise(2)];
  for (let round = 0; round < 2; round++) {
    const expected = await alone.embed(images);
    for (const [n, row] of (await threaded.embed(images)).entries()) expectEqual(row, expected[n]);
    for (const { model } of [alone, threaded]) {
      for (const [, { variable }] of model?.namedParameters('') ?? [])
        tf.tidy(() => variable.assign(tf.mul(variable, 0.9)));
    }
  }
  threaded.dispose();
  await expect(threaded.embed(images)).rejects.toMatchObject({ code: 'DISPOSED' });
  await expect(createEmbedder(SMALL, { threads: 0 })).rejects.toThrow(
    'threads must be a positive integer, not 0.',
  );
});

test('reports progress and stops at an abort', async () => {
  const embedder = await create();
  const controller = new AbortController();
  const progress: string[] = [];
  const embedding = embedder.embed([noise(0), noise(1), noise(2)], {
    batchSize: 1,
    signal: controller.signal,
    onProgress({ done, total }) {
      progress.push(`${done}/${total}`);
      if (done === 2) controller.abort(new Error('enough'));
    },
  });
  await expect(embedding).rejects.toThrow('enough');
  expect(progress).toEqual(['1/3', '2/3']);
  await expect(embedder.embed(noise(0), { signal: controller.signal })).rejects.toThrow('enough');
});

test('names the image that cannot be read by its position', async () => {
  const embedder = await create();
  const images: ImageInput[] = [noise(0), new Uint8Array([1, 2, 3])];
  await expect(embedder.embed(images)).rejects.toThrow(/images\[1\]: the image: not an image/);
  await expect(embedder.embed([noise(0), 'none.jpg'])).rejects.toThrow(/^none.jpg: no such file/);
  await expect(embedder.embed([{ width: 2, height: 2, data: new Uint8Array(1) }])).rejects.toThrow(
    /images\[0\]: An image of 2 × 2/,
  );
  await expect(embedder.embed(images, { batchSize: 0 })).rejects.toThrow(/batchSize must be a positive/);
});

test('has a fingerprint of architecture, preprocessing and weights', async () => {
  const [first, again] = [await create(), await create()];
  expect(first.fingerprint).toMatch(/^[0-9a-f]{64}$/);
  expect(again.fingerprint).toBe(first.fingerprint);
  const others = [
    await create({}, 1),
    await create({ preprocessing: { cropMode: 'center' } }),
    await create({ norm: 'layernorm' }),
  ];
  expect(new Set([first, ...others].map(({ fingerprint }) => fingerprint)).size).toBe(4);
  const explicit = await create({ preprocessing: { cropFraction: 1 } });
  expect(explicit.fingerprint).toBe(first.fingerprint);
});

test('orders channels as BGR on request', async () => {
  const swapped = (image: PixelImage): PixelImage => ({
    ...image,
    data: image.data.map((_, i) => image.data[i - (i % 3) + 2 - (i % 3)]),
  });
  const flat = { mean: [0.5, 0.5, 0.5], std: [0.5, 0.5, 0.5] } as Pick<
    NonNullable<EmbedderOptions['preprocessing']>,
    'mean' | 'std'
  >;
  const rgb = await create({ preprocessing: flat });
  const bgr = await create({ preprocessing: { ...flat, channelOrder: 'BGR' } });
  expectEqual(await bgr.embed(noise(3)), await rgb.embed(swapped(noise(3))));
});

test.each(['RGB', 'BGR'] as const)('normalizes %s pixels as inputValues, bit for bit', (channelOrder) => {
  const preprocessing = { ...imageNetPreprocessing(32), channelOrder };
  const image = noise(6);
  const before = tf.memory().numTensors;
  const input = toInput(image.data, preprocessing);
  expect(input.shape).toEqual([1, 32, 32, 3]);
  expectEqual(input.dataSync() as Float32Array, inputValues([image], preprocessing));
  input.dispose();
  expect(tf.memory().numTensors).toBe(before);
});

test('embeds without a head', async () => {
  const embedder = await create({ neck: 'gap', head: 'none' });
  expect(embedder.embeddingSize).toBe(176);
  expect(await embedder.embed(noise(0))).toHaveLength(176);
});

test('refuses an architecture that does not exist, by the name of the setting', async () => {
  const creating = (options: object) => createEmbedder({ ...SMALL, ...options });
  await expect(creating({ backbone: 'lcnet' })).rejects.toThrow(
    /backbone must be one of .*lcnet_050.*, not "lcnet"/,
  );
  await expect(creating({ neck: 'none' })).rejects.toThrow(/neck must be one of/);
  await expect(creating({ norm: 'none' })).rejects.toThrow(/norm must be one of/);
  await expect(creating({ head: 'mlp' })).rejects.toThrow(/head must be one of linear, none, not "mlp"/);
  await expect(creating({ imageSize: 0 })).rejects.toThrow(/imageSize must be a positive integer, not 0/);
  await expect(creating({ embeddingSize: 1.5 })).rejects.toMatchObject({ code: 'MODEL_INVALID' });
  await expect(creating({ squeezeRatio: 2 })).rejects.toThrow(/squeezeRatio must be in \(0, 1\], not 2/);
});
