import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import * as tf from '@tensorflow/tfjs-core';
import { createBackbone } from '@unitsphere/backbones';
import { Random, readSafetensors, writeSafetensors } from '@unitsphere/core';
import { globalAveragePool, l2Normalize } from '@unitsphere/ops';
import { preprocessImages, timmWeights } from '@unitsphere/pretrained';
import { start } from '@unitsphere/testing/backends';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import {
  createEmbedder,
  type Embedder,
  type EmbedderSource,
  embedderFiles,
  type LoadEmbedderOptions,
  loadEmbedder,
  saveEmbedder,
} from '../src/index.js';
import { expectClose, expectEqual, noise, SMALL } from './helpers.js';

const folder = mkdtempSync(join(tmpdir(), 'unitsphere-embedder-'));
const model = join(folder, 'modèle 1');
let original: Embedder;
let files: Record<string, Uint8Array>;

beforeAll(async () => {
  await start('wasm');
  original = await createEmbedder(SMALL, { seed: 7 });
  await saveEmbedder(original, model);
  files = await embedderFiles(original);
});
afterAll(() => {
  original.dispose();
  rmSync(folder, { recursive: true, force: true });
});

async function load(source: EmbedderSource, options?: LoadEmbedderOptions) {
  const embedder = await loadEmbedder(source, options);
  onTestFinished(() => embedder.dispose());
  return embedder;
}

/** Expects the original's embeddings, bit for bit. */
async function expectOriginal(embedder: Embedder) {
  expect(embedder.fingerprint).toBe(original.fingerprint);
  expect(embedder.config).toEqual(original.config);
  expectEqual(await embedder.embed(noise(5, 50, 40)), await original.embed(noise(5, 50, 40)));
}

const sha256 = (bytes: Uint8Array | string) => createHash('sha256').update(bytes).digest('hex');

/** Writes a checkpoint as the trainer does. */
async function writeCheckpoint(
  run: string,
  step: number,
  embedder: Embedder,
  { best, omit = [] }: { best?: object; omit?: string[] } = {},
) {
  const path = join(run, 'checkpoints', `step-${String(step).padStart(8, '0')}`);
  mkdirSync(path, { recursive: true });
  const state = [...(await embedder.stateDict())];
  const part = (isBackbone: boolean) =>
    state
      .filter(([key]) => key.startsWith('backbone.') === isBackbone)
      .map(([key, tensor]) => [isBackbone ? key.slice('backbone.'.length) : key, tensor] as const);
  const { 'config.json': config, 'preprocessor_config.json': preprocessor } = await embedderFiles(embedder);
  const contents: Record<string, Uint8Array> = Object.fromEntries(
    Object.entries({
      'backbone.safetensors': writeSafetensors(new Map(part(true))),
      'head.safetensors': writeSafetensors(new Map(part(false))),
      'config.json': config,
      'preprocessor_config.json': preprocessor,
    }).filter(([name]) => !omit.includes(name)),
  );
  for (const [name, bytes] of Object.entries(contents)) writeFileSync(join(path, name), bytes);
  const saved = {
    version: 2,
    step,
    files: Object.fromEntries(
      Object.entries(contents).map(([name, bytes]) => [name, { bytes: bytes.length, sha256: sha256(bytes) }]),
    ),
    best,
    state: {},
  };
  writeFileSync(
    join(path, 'state.json'),
    JSON.stringify({ ...saved, sha256: sha256(JSON.stringify(saved)) }),
  );
  return path;
}

describe('a model folder', () => {
  test('has the files of the Hugging Face layout', () => {
    expect(readdirSync(model).sort()).toEqual([
      'README.md',
      'config.json',
      'model.safetensors',
      'preprocessor_config.json',
    ]);
    const { tensors, metadata } = readSafetensors(readFileSync(join(model, 'model.safetensors')));
    expect(metadata).toEqual({ format: 'pt' });
    expect(new Set([...tensors.keys()].map((key) => key.split('.')[0]))).toEqual(
      new Set(['backbone', 'neck', 'head']),
    );
    expect(JSON.parse(readFileSync(join(model, 'config.json'), 'utf8'))).toMatchObject({
      model_type: 'unitsphere',
      library_name: 'unitsphere',
      backbone: 'lcnet_035',
      neck: 'squeeze',
      squeeze_ratio: 0.25,
      head: 'linear',
      norm: 'layernorm-batchnorm',
      embedding_size: 16,
      image_size: 32,
    });
    const card = readFileSync(join(model, 'README.md'), 'utf8');
    expect(card).toMatch(/^---\nlibrary_name: unitsphere\n/);
    expect(card).toContain('license: "unknown"');
    expect(card).toContain(original.fingerprint);
  });

  test('is loaded bit for bit from its path, its URL and its files', async () => {
    await expectOriginal(await load(model));
    await expectOriginal(await load(pathToFileURL(model)));
    await expectOriginal(await load(files));
    const blobs = Object.entries(files).map(([name, bytes]) => [name, new Blob([bytes as BlobPart])]);
    await expectOriginal(await load(Object.fromEntries(blobs)));
    const text = Buffer.from(files['config.json']).toString();
    await expectOriginal(await load({ ...files, 'config.json': text }));
  });

  test('keeps its architecture without a head', async () => {
    const headless = await createEmbedder({ ...SMALL, neck: 'gap', head: 'none', outIndex: 2 });
    onTestFinished(() => headless.dispose());
    const loaded = await load(await embedderFiles(headless));
    expect(loaded.fingerprint).toBe(headless.fingerprint);
    expect(loaded.config).toEqual(headless.config);
    expect(loaded.embeddingSize).toBe(headless.embeddingSize);
  });

  test('is not written over other files, nor in part', async () => {
    const other = mkdtempSync(join(folder, 'other-'));
    writeFileSync(join(other, 'notes.txt'), 'mine');
    await expect(saveEmbedder(original, other)).rejects.toMatchObject({ code: 'FOLDER_NOT_EMPTY' });
    const inFile = join(other, 'notes.txt', 'model');
    await expect(saveEmbedder(original, inFile)).rejects.toMatchObject({ code: 'FOLDER_NOT_WRITABLE' });
    expect(readdirSync(other)).toEqual(['notes.txt']);
    const empty = mkdtempSync(join(folder, 'empty-'));
    await saveEmbedder(original, empty);
    await expectOriginal(await load(empty));
    expect(readdirSync(folder).filter((name) => name.startsWith('.'))).toEqual([]);
  });
});

describe('a run of the trainer', () => {
  test('gives its best checkpoint, or else its newest complete one', async () => {
    const run = mkdtempSync(join(folder, 'run-'));
    const other = await createEmbedder(SMALL, { seed: 8 });
    onTestFinished(() => other.dispose());
    await writeCheckpoint(run, 10, other);
    const newest = await writeCheckpoint(run, 30, original);
    await expectOriginal(await load(run));
    await expectOriginal(await load(newest));
    await writeCheckpoint(run, 20, other, { best: { tpr: 0.5 } });
    expect((await load(run)).fingerprint).toBe(other.fingerprint);
    rmSync(join(run, 'checkpoints', 'step-00000020'), { recursive: true });
    writeFileSync(join(await writeCheckpoint(run, 40, other), 'head.safetensors'), 'damaged');
    await expectOriginal(await load(run));
  });

  test('is refused without a checkpoint, and a damaged checkpoint with its file', async () => {
    const run = mkdtempSync(join(folder, 'run-'));
    mkdirSync(join(run, 'checkpoints'));
    await expect(loadEmbedder(run)).rejects.toThrow(/has no checkpoint; train it/);
    const path = await writeCheckpoint(run, 1, original);
    const state = readFileSync(join(path, 'state.json'), 'utf8');
    writeFileSync(join(path, 'state.json'), state.replace('"bytes":', '"bytes":1'));
    await expect(loadEmbedder(run)).rejects.toThrow(/no complete checkpoint: state.json .* its checksum/);
    writeFileSync(join(path, 'state.json'), state);
    writeFileSync(join(path, 'backbone.safetensors'), 'x');
    await expect(loadEmbedder(path)).rejects.toThrow(
      /backbone.safetensors of .* does not match its checksum/,
    );
  });

  test('of an earlier version is loaded with the config of the caller', async () => {
    const run = mkdtempSync(join(folder, 'run-'));
    const path = await writeCheckpoint(run, 1, original, {
      omit: ['config.json', 'preprocessor_config.json'],
    });
    await expect(loadEmbedder(path)).rejects.toThrow(/has no config.json.*unitsphere export RUN --to folder/);
    await expectOriginal(await load(path, { config: SMALL }));
  });
});

describe('a source that is no model', () => {
  test('is refused, and the error states the remedy', async () => {
    await expect(loadEmbedder(join(folder, 'none'))).rejects.toThrow(
      /folder .*none does not exist; give the folder/,
    );
    await expect(loadEmbedder(join(model, 'config.json'))).rejects.toThrow(
      /config.json is a file; give the folder/,
    );
    await expect(loadEmbedder(folder)).rejects.toThrow(/has no config.json/);
  });

  test.each<[string, Record<string, string>, RegExp]>([
    [
      'a config that is not JSON',
      { 'config.json': '{' },
      /config.json of the given files cannot be used: .*JSON/,
    ],
    [
      'another model type',
      { 'config.json': '{"model_type":"vit"}' },
      /model_type must be "unitsphere", not "vit"/,
    ],
    [
      'a preprocessing that is not JSON',
      { 'preprocessor_config.json': '7' },
      /preprocessor_config.json .* not a JSON object/,
    ],
    [
      'weights that are truncated',
      { 'model.safetensors': 'x' },
      /model.safetensors of the given files cannot be used/,
    ],
  ])('is refused: %s', async (_name, changes, message) => {
    await expect(loadEmbedder({ ...files, ...changes })).rejects.toThrow(message);
  });

  test('is refused: a missing file, another image size, weights of another architecture', async () => {
    const { 'preprocessor_config.json': _, ...rest } = files;
    await expect(loadEmbedder(rest)).rejects.toThrow(/has no preprocessor_config.json/);
    const config = Buffer.from(files['config.json']).toString();
    const changed = (from: string, to: string) => ({ ...files, 'config.json': config.replace(from, to) });
    await expect(loadEmbedder(changed('"image_size": 32', '"image_size": 64'))).rejects.toThrow(
      /config.json has images of 64 pixels, but preprocessor_config.json has 32/,
    );
    await expect(loadEmbedder(changed('lcnet_035', 'lcnet_050'))).rejects.toThrow(
      /is of another architecture/,
    );
    await expect(loadEmbedder(changed('lcnet_035', 'lcnet'))).rejects.toThrow(/backbone must be one of/);
  });

  test('is refused: NaN in the weights, by the name of the tensor', async () => {
    const { tensors } = readSafetensors(files['model.safetensors']);
    const tensor = tensors.get('head.linear2.weight');
    if (tensor) tensor.data[3] = Number.NaN;
    const damaged = { ...files, 'model.safetensors': writeSafetensors(tensors) };
    await expect(loadEmbedder(damaged)).rejects.toThrow(/head.linear2.weight/);
    const embedder = await createEmbedder(SMALL);
    onTestFinished(() => embedder.dispose());
    const broken = Object.assign(Object.create(embedder), { stateDict: async () => tensors });
    const target = join(folder, 'nan');
    await expect(saveEmbedder(broken, target)).rejects.toMatchObject({
      code: 'WEIGHTS_INVALID',
      message: expect.stringContaining('head.linear2.weight'),
    });
    expect(readdirSync(folder)).not.toContain('nan');
  });
});

describe('a server', () => {
  /** Serves files on loopback and counts the requests by path. */
  async function serve(contents: Record<string, Uint8Array | string>) {
    const requests: string[] = [];
    const server = createServer(({ url = '/' }, response) => {
      requests.push(url);
      const body = Object.hasOwn(contents, url) ? contents[url] : undefined;
      response.writeHead(body === undefined ? 404 : 200).end(body);
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => void server.close());
    return { address: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, requests };
  }
  const cache = () => mkdtempSync(join(folder, 'cache-'));
  const below = (prefix: string, contents = files) =>
    Object.fromEntries(Object.entries(contents).map(([name, bytes]) => [`${prefix}/${name}`, bytes]));

  test('gives a model folder by its URL, and files with the expected SHA-256 only', async () => {
    const { address } = await serve(below('/models/cards'));
    await expectOriginal(await load(`${address}/models/cards`, { cache: cache() }));
    await expectOriginal(await load(new URL(`${address}/models/cards/`), { cache: false }));
    const pin = { 'model.safetensors': sha256(files['model.safetensors']) };
    await expectOriginal(await load(`${address}/models/cards`, { cache: false, sha256: pin }));
    const wrong = { 'model.safetensors': sha256('other') };
    await expect(
      loadEmbedder(`${address}/models/cards`, { cache: false, sha256: wrong, retryDelay: 1 }),
    ).rejects.toThrow(/SHA-256/);
    await expect(loadEmbedder(`${address}/none`, { cache: false })).rejects.toThrow(
      /none has no config.json/,
    );
  });

  test('gives a model of the hub, which is downloaded once and works offline', async () => {
    const commit = 'c0ffee'.repeat(7).slice(0, 40);
    const siblings = Object.entries(files).map(([rfilename, bytes]) => ({
      rfilename,
      size: bytes.length,
      lfs: { sha256: sha256(bytes), size: bytes.length },
    }));
    const { address, requests } = await serve({
      '/api/models/me/cards/revision/main?blobs=true': JSON.stringify({ sha: commit, siblings }),
      ...below(`/me/cards/resolve/${commit}`),
    });
    const options = { endpoint: address, cache: cache() };
    await expectOriginal(await load('me/cards', options));
    const weightRequests = () => requests.filter((url) => url.endsWith('.safetensors')).length;
    expect(weightRequests()).toBe(1);
    await expectOriginal(await load('hf-hub:me/cards', options));
    expect(weightRequests()).toBe(1);
    await expectOriginal(await load('me/cards', { ...options, offline: true }));
  });

  test('gives a backbone of timm, whose embedding is the mean of its last map', async () => {
    const backbone = createBackbone('lcnet_035', { random: new Random(3) }).eval();
    onTestFinished(() => backbone.dispose());
    const config = {
      architecture: 'lcnet_035',
      pretrained_cfg: {
        input_size: [3, 32, 32],
        crop_pct: 0.875,
        interpolation: 'bicubic',
        mean: [0.5, 0.5, 0.5],
        std: [0.5, 0.5, 0.5],
      },
    };
    const timm = { 'config.json': JSON.stringify(config), 'model.safetensors': await timmWeights(backbone) };
    const { address } = await serve(below('', timm as never));
    const embedder = await load(address, { cache: false });
    expect(embedder.config).toMatchObject({ backbone: 'lcnet_035', neck: 'gap', head: 'none' });
    expect(embedder.preprocessing).toMatchObject({ cropFraction: 0.875, interpolation: 'bicubic' });
    const image = noise(2, 60, 50);
    const expected = tf.tidy(() =>
      l2Normalize(globalAveragePool(backbone.forward(preprocessImages([image], embedder.preprocessing)))),
    );
    expectClose(await embedder.embed(image), (await expected.data()) as Float32Array);
    expected.dispose();
    // It is saved as a model folder of our own.
    const again = await load(await embedderFiles(embedder));
    expect(again.fingerprint).toBe(embedder.fingerprint);
    const unknown = JSON.stringify({ ...config, architecture: 'resnet9000' });
    await expect(loadEmbedder({ ...timm, 'config.json': unknown })).rejects.toThrow(
      /resnet9000, which does not exist/,
    );
  });
});
