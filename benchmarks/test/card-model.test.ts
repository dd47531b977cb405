import { readdirSync } from 'node:fs';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import { createBackbone } from '@unitsphere/backbones';
import { useBackend } from '@unitsphere/backends';
import { Random } from '@unitsphere/core';
import { loadEmbedder } from '@unitsphere/embedder';
import { preprocessImages, saveTimm } from '@unitsphere/pretrained';
import sharp from 'sharp';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { isFeatures, writeFeatures } from '../src/card-model/image-features.js';
import { leaveOutCopies } from '../src/card-model/leave-out-copies.js';
import { printCardModel } from '../src/card-model/print-card-model.js';
import { writeHardSet } from '../src/card-model/write-hard-set.js';

let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'card-model-'));
});
afterAll(() => rm(folder, { recursive: true }));

/** Writes a picture of smooth waves, which differs by its seed. */
async function writePicture(name: string, seed: number, size = 96): Promise<void> {
  const data = new Uint8Array(size * size * 3);
  for (let i = 0; i < data.length; i++) {
    const [x, y] = [Math.floor(i / 3) % size, Math.floor(i / 3 / size)].map((at) => at / size);
    data[i] = 128 + 60 * Math.sin(x * (3 + seed) + seed) + 60 * Math.cos(y * (5 + 2 * seed) + (i % 3));
  }
  await sharp(data, { raw: { width: size, height: size, channels: 3 } })
    .png()
    .toFile(join(folder, name));
}

test('keeps one file of each picture, and lists the copies', async () => {
  for (const seed of [0, 1, 2, 3]) await writePicture(`${seed}.png`, seed);
  await writeFile(join(folder, 'copy-of-1.png'), await sharp(join(folder, '1.png')).png().toBuffer());
  const { folder: distinct, groups } = await leaveOutCopies(folder);
  try {
    expect(groups.map(({ files }) => files)).toEqual([['1.png', 'copy-of-1.png']]);
    expect((await readdir(distinct)).sort()).toEqual(['0.png', '1.png', '2.png', '3.png']);
  } finally {
    await rm(distinct, { recursive: true });
  }
});

test('writes the hard set as a folder of identities', async () => {
  await sharp({ create: { width: 9, height: 9, channels: 3, background: '#456' } })
    .png()
    .toFile(join(folder, '0.png'));
  const set = join(folder, 'set');
  await writeHardSet(set, { identities: 2, side: 48, photographs: folder });
  expect(readdirSync(set)).toEqual(['scene-00000', 'scene-00001']);
  expect(readdirSync(join(set, 'scene-00001'))).toHaveLength(9);
  expect(await sharp(join(set, 'scene-00001', '8.png')).metadata()).toMatchObject({ width: 48, height: 48 });
});

test('prints the copies and a row for each set of images', () => {
  const text = printCardModel({
    benchmark: 'card-model',
    date: '2026-11-30',
    machine: { processor: 'test', cores: 2, node: 'v22' } as never,
    copies: [{ kind: 'identical', files: ['a.jpg', 'b.jpg'] }],
    figures: [
      {
        network: 'small',
        step: 10,
        images: 'all',
        identities: 493,
        tprAtFpr: { '1e-2': 0.9, '1e-3': 0.8, '1e-4': null },
        intervals: { '1e-3': { low: 0.75, high: 0.85 } },
        auroc: 0.99,
        rank1: 0.97,
      },
    ],
  });
  expect(text).toContain('identical: `a.jpg`, `b.jpg`');
  expect(text).toMatch(
    /\| small, step 10 \| all +\| +493 \| +0\.900 \| 0\.800 \(0\.750–0\.850\) \| +– \| 0\.9900 \| +0\.970 \|/,
  );
});

test('writes the pooled features of published weights as a model folder', async () => {
  await useBackend('wasm');
  const backbone = createBackbone('lcnet_035', { random: new Random(3) });
  const weights = join(folder, 'weights.safetensors');
  await saveTimm(backbone, weights);
  const network = `lcnet_035@64=${weights}`;
  expect(isFeatures(network)).toBe(true);
  for (const other of ['document-small', 'runs/a-1', weights]) expect(isFeatures(other)).toBe(false);
  const features = await writeFeatures(network);
  const embedder = await loadEmbedder(features);
  try {
    const image = {
      width: 64,
      height: 64,
      data: Uint8Array.from({ length: 64 * 64 * 3 }, (_, i) => (i * i) % 251),
    };
    const embedding = await embedder.embed(image);
    const input = preprocessImages([image], embedder.preprocessing);
    const pooled = tf.tidy(() => tf.mean(backbone.eval().forward(input), [1, 2]).dataSync());
    input.dispose();
    const length = Math.hypot(...pooled);
    expect(embedding).toHaveLength(pooled.length);
    for (const [i, value] of embedding.entries()) expect(value).toBeCloseTo(pooled[i] / length, 4);
  } finally {
    embedder.dispose();
    backbone.dispose();
    await rm(features, { recursive: true });
  }
  await expect(writeFeatures(`resnet@64=${weights}`)).rejects.toThrow('There is no backbone "resnet"');
});
