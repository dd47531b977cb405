import * as tf from '@tensorflow/tfjs-core';
import { float32, type HostTensor, Random, type StateDict, writeSafetensors } from '@unitsphere/core';
import { WeightsMismatchError } from '@unitsphere/pretrained';
import { everyBackend, on, read, start } from '@unitsphere/testing/backends';
import { type GoldenTensor, readGolden, relativeError } from '@unitsphere/testing/golden';
import { toNhwc } from '@unitsphere/testing/golden/layout';
import { toStateDict } from '@unitsphere/testing/golden/module-pass';
import { beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { type ClipTower, type ClipTowerConfig, createClipTower, loadClipTower } from '../src/index.js';
import { clipTowerConfigs } from '../src/tower/configs.js';
import { convertKeys } from '../src/tower/convert-keys.js';

interface TowerCase {
  name: string;
  config: ClipTowerConfig;
  state: Record<string, GoldenTensor>;
  x: GoldenTensor;
  embedding: GoldenTensor;
}

const { cases } = readGolden<TowerCase>('clip');
const tiny = cases.filter(({ name }) => name.endsWith('tiny'));
const caseOf = (name: string) => cases.find((c) => c.name === name)!;
const fileOf = (c: TowerCase) => writeSafetensors(toStateDict(c.state));

function embedding(tower: ClipTower, c: TowerCase): Promise<Float32Array> {
  const { data, shape } = toNhwc(c.x);
  return read(tower.embed(tf.tensor4d(data, shape as [number, number, number, number])));
}

describe.each(everyBackend)('%s', (backend) => {
  beforeAll(() => start(backend));

  test.each(tiny.map((c) => [c.name, c] as const))(
    "loads a whole model strictly, and matches PyTorch's golden values: %s",
    async (_name, c) => {
      const before = tf.memory().numTensors;
      const { tower, loaded } = await loadClipTower(c.config, fileOf(c));
      expect(loaded.mismatch).toEqual({ missing: [], unexpected: [], wrongShape: [] });
      expect(loaded.skippedKeys.length).toBeGreaterThan(5);
      expect(loaded.skippedKeys.filter((key) => /vis/.test(key))).toEqual([]);
      expect(tower.training).toBe(false);
      expect([tower.width, tower.imageSize]).toEqual([c.config.embedDim, c.config.imageSize]);
      const values = await on(backend, () => embedding(tower, c));
      const largest = Math.max(...values.map((v, i) => Math.abs(v - c.embedding.data[i])));
      expect(largest).toBeLessThan(1e-4);
      expect(relativeError(values, c.embedding)).toBeLessThan(1e-4);
      tower.dispose();
      expect(tf.memory().numTensors).toBe(before);
    },
  );
});

test('ViT-B/32 at full size has the published parameter count and embeddings', {
  timeout: 120_000,
}, async () => {
  await start('wasm');
  const c = caseOf('ViT-B-32 true shape');
  const tower = createClipTower('ViT-B-32-quickgelu');
  expect(tower.parameterCount()).toBe(87_849_216);
  expect(c.config).toEqual(clipTowerConfigs['ViT-B-32-quickgelu']);
  tower.loadStateDict(convertKeys(toStateDict(c.state), 'vit'));
  const values = await on('wasm', () => embedding(tower, c));
  tower.dispose();
  expect(values.length).toBe(512);
  expect(relativeError(values, c.embedding)).toBeLessThan(1e-4);
});

test.each([
  ['ViT-B-32', 87_849_216],
  ['ViT-B-16', 86_192_640],
  ['ViT-L-14', 303_966_208],
] as const)('%s has the parameter count of OpenCLIP', (name, count) => {
  // Computed by a formula, because the large tower takes gigabytes. Other tests verify the layers.
  for (const { imageSize, patchSize, width, depth, embedDim } of [
    clipTowerConfigs[name],
    clipTowerConfigs[`${name}-quickgelu`],
  ]) {
    const tokens = (imageSize / patchSize) ** 2 + 1;
    const stem = width * (3 * patchSize ** 2 + 1 + tokens);
    expect(stem + 4 * width + depth * (12 * width ** 2 + 13 * width) + width * embedDim).toBe(count);
  }
});

test('RN50 at full size has the published parameter count and feature maps', {
  timeout: 60_000,
}, async () => {
  await start('cpu');
  const tower = createClipTower('RN50');
  onTestFinished(() => tower.dispose());
  // OpenCLIP's RN50 image tower.
  expect(tower.parameterCount()).toBe(38_316_896);
  expect(tower.featureInfo).toEqual([
    { channels: 256, reduction: 4 },
    { channels: 512, reduction: 8 },
    { channels: 1024, reduction: 16 },
    { channels: 2048, reduction: 32 },
  ]);
});

describe('refuses a state dict with', () => {
  beforeAll(() => start('cpu'));
  const openclip = () => caseOf('open_clip ViT-B-32-quickgelu, tiny');
  const huggingFace = () => caseOf('transformers ViT-B-32-quickgelu, tiny');

  async function failure(c: TowerCase, change: (state: StateDict) => void): Promise<Error> {
    const before = tf.memory().numTensors;
    const state = toStateDict(c.state);
    change(state);
    const error = await loadClipTower(c.config, writeSafetensors(state)).then(
      () => expect.fail('it loaded'),
      (thrown: unknown) => thrown,
    );
    expect(tf.memory().numTensors).toBe(before);
    return error as Error;
  }

  test('a missing key', async () => {
    const error = await failure(openclip(), (state) => state.delete('visual.ln_post.bias'));
    expect(error).toBeInstanceOf(WeightsMismatchError);
    expect(error.message).toMatch(/missing from the file:\s+norm\.bias/);
  });

  test('an unexpected key', async () => {
    const error = await failure(openclip(), (state) =>
      state.set('visual.extra', float32([1], Float32Array.of(1))),
    );
    expect(error.message).toMatch(/visual\.extra/);
  });

  test('queries without keys and values', async () => {
    const key = 'vision_model.encoder.layers.0.self_attn.k_proj.weight';
    const error = await failure(huggingFace(), (state) => state.delete(key));
    expect(error.message).toMatch(/blocks\.0\.attn\.qkv\.weight/);
    expect(error.message).toMatch(/q_proj\.weight/);
  });

  test('position embeddings for another size', async () => {
    const c = openclip();
    const config = { ...c.config, imageSize: 64 };
    const error = await failure({ ...c, config: config as ClipTowerConfig }, () => {});
    expect(error.message).toMatch(/pos_embed has \[1,10,32\], but \[1,5,32\] is required/);
  });

  test('the keys of another architecture', async () => {
    const error = await failure({ ...openclip(), config: caseOf('open_clip RN50, tiny').config }, () => {});
    expect(error).toBeInstanceOf(WeightsMismatchError);
  });
});

test('converts keys of half-precision weights bit for bit', async () => {
  const half: HostTensor = { dtype: 'F16', shape: [2, 3], data: Uint16Array.of(1, 2, 3, 4, 5, 6) };
  const converted = convertKeys(new Map([['visual.proj', half]]), 'vit');
  expect(converted.get('head.weight')).toEqual({
    dtype: 'F16',
    shape: [3, 2],
    data: Uint16Array.of(1, 4, 2, 5, 3, 6),
  });
});

describe('refuses', () => {
  test('unknown names and inconsistent architectures', () => {
    expect(() => createClipTower('ViT-B-8' as 'ViT-B-32')).toThrow(/there is no tower "ViT-B-8".*RN50/);
    const config = caseOf('open_clip ViT-B-16, tiny').config;
    expect(() => createClipTower({ ...config, imageSize: 40 } as ClipTowerConfig)).toThrow(
      /multiple of 16, not 40/,
    );
    expect(() => createClipTower({ ...config, heads: 5 } as ClipTowerConfig)).toThrow(
      /heads must divide 24 channels, not 5/,
    );
    const resnet = caseOf('open_clip RN50, tiny').config;
    expect(() => createClipTower({ ...resnet, width: 7, heads: 7 } as ClipTowerConfig)).toThrow(
      /must be even/,
    );
  });

  test('images of another size', async () => {
    await start('cpu');
    for (const [name, message] of [
      ['open_clip ViT-B-16, tiny', /the image is 32x32, but inputSize is/],
      ['open_clip RN50, tiny', /the positions are for feature maps of/],
    ] as const) {
      const tower = createClipTower(caseOf(name).config, { random: new Random(1) });
      expect(() => tf.tidy(() => tower.embed(tf.zeros([1, 32, 32, 3])))).toThrow(message);
      tower.dispose();
    }
  });
});
