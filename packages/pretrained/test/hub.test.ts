import { createHash } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createBackbone } from '@unitsphere/backbones';
import { Random } from '@unitsphere/core';
import { start } from '@unitsphere/testing/backends';
import { afterEach, describe, expect, onTestFinished, test, vi } from 'vitest';
import {
  type LoadPretrainedOptions,
  loadPretrained,
  parseSource,
  type SourceError,
  timmWeights,
} from '../src/index.js';
import { expectSame } from './helpers.js';
import { sendFile, serve } from './server.js';

const COMMIT = 'c0ffee'.repeat(7).slice(0, 40);
const CONFIG = Buffer.from(
  JSON.stringify({
    architecture: 'lcnet_035',
    pretrained_cfg: {
      input_size: [3, 224, 224],
      crop_pct: 0.875,
      interpolation: 'bicubic',
      mean: [0.485, 0.456, 0.406],
      std: [0.229, 0.224, 0.225],
    },
  }),
);

await start('wasm');
const source = createBackbone('lcnet_035', { random: new Random(1) });
const weights = await timmWeights(source);
const expected = await source.stateDict();
source.dispose();
const gitBlob = (bytes: Uint8Array) =>
  createHash('sha1').update(`blob ${bytes.length}\0`).update(bytes).digest('hex');

/** The hub's answer for the model. */
const listing = (sha256 = createHash('sha256').update(weights).digest('hex')) => ({
  sha: COMMIT,
  siblings: [
    { rfilename: 'README.md', size: 10, blobId: '1'.repeat(40) },
    { rfilename: 'config.json', size: CONFIG.length, blobId: gitBlob(CONFIG) },
    {
      rfilename: 'model.safetensors',
      size: weights.length,
      blobId: '2'.repeat(40),
      lfs: { sha256, size: weights.length, pointerSize: 134 },
    },
  ],
});

/** Starts a hub with one model. As on the real hub, large files are on another server. */
async function startHub({ answer = listing() as unknown, files = weights } = {}) {
  const storage = await serve((request, response) => sendFile(request, response, files));
  const server = await serve((request, response) => {
    const path = request.url!;
    if (path.startsWith('/api/models/timm/lcnet_035.test/revision/')) {
      response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(answer));
    } else if (path === `/timm/lcnet_035.test/resolve/${COMMIT}/config.json`) {
      sendFile(request, response, CONFIG, { etag: '"config"' });
    } else if (path === `/timm/lcnet_035.test/resolve/${COMMIT}/model.safetensors`) {
      response.writeHead(302, { location: `${storage.url}/blob` }).end();
    } else response.writeHead(path.startsWith('/api/') ? 401 : 404).end();
  });
  const cache = mkdtempSync(join(tmpdir(), 'unitsphere-hub-'));
  onTestFinished(() => rmSync(cache, { recursive: true, force: true }));
  const load = async (id: string, options: LoadPretrainedOptions = {}) => {
    const model = createBackbone('lcnet_035', { random: new Random(2) });
    try {
      const loaded = await loadPretrained(model, id, {
        endpoint: server.url,
        cache,
        retryDelay: 2,
        ...options,
      });
      expectSame(await model.stateDict(), expected);
      return loaded;
    } finally {
      model.dispose();
    }
  };
  return { ...server, storage, cache, load };
}

afterEach(() => vi.unstubAllEnvs());

describe('a model of the hub', () => {
  test.each(['timm/lcnet_035.test', 'hf-hub:timm/lcnet_035.test'])(
    'is loaded with its preprocessing: %s',
    async (id) => {
      const { load, requests } = await startHub();
      const progress: number[] = [];
      const loaded = await load(id, { onProgress: ({ loaded }) => progress.push(loaded) });
      expect(loaded).toMatchObject({
        source: 'timm/lcnet_035.test (model.safetensors)',
        preprocessing: { imageSize: 224, channelOrder: 'RGB', cropFraction: 0.875, interpolation: 'bicubic' },
      });
      expect(progress.at(-1)).toBe(weights.length);
      expect(requests).toEqual([
        'GET /api/models/timm/lcnet_035.test/revision/main?blobs=true',
        `GET /timm/lcnet_035.test/resolve/${COMMIT}/model.safetensors`,
        `GET /timm/lcnet_035.test/resolve/${COMMIT}/config.json`,
      ]);
    },
  );

  test('is downloaded once', async () => {
    const { load, requests, storage } = await startHub();
    await load('timm/lcnet_035.test');
    await load('timm/lcnet_035.test');
    expect(storage.requests.length).toBe(1);
    // The second load only revalidates the model.
    expect(requests.slice(3)).toEqual(['GET /api/models/timm/lcnet_035.test/revision/main?blobs=true']);
  });

  test('sends no request for a cached commit', async () => {
    const { load, requests } = await startHub();
    await load(`timm/lcnet_035.test@${COMMIT}`);
    await load(`timm/lcnet_035.test@${COMMIT}`);
    expect(requests.length).toBe(3);
  });

  test('is loaded only from the cache if offline', async () => {
    const { load, requests } = await startHub();
    await load('timm/lcnet_035.test');
    const before = requests.length;
    await load('timm/lcnet_035.test', { offline: true });
    vi.stubEnv('HF_HUB_OFFLINE', '1');
    await load('timm/lcnet_035.test');
    expect(requests.length).toBe(before);
  });

  test('is reported if it is missing offline, with the command that downloads it', async () => {
    const { load, cache, url } = await startHub();
    vi.stubEnv('HF_HUB_OFFLINE', 'ON');
    const message = await load('timm/lcnet_035.test').then(
      () => 'loaded',
      (error: SourceError) => error.message,
    );
    expect(message).toContain('timm/lcnet_035.test is required, but downloads are disabled');
    expect(message).toContain('its model.safetensors is not in the cache');
    expect(message).toContain(cache);
    expect(message).toContain(
      `curl -L -o model.safetensors ${url}/timm/lcnet_035.test/resolve/main/model.safetensors`,
    );
  });

  test('is reported if its cached weights are damaged', async () => {
    const { load, cache } = await startHub();
    await load('timm/lcnet_035.test');
    const file = readdirSync(cache, { recursive: true, withFileTypes: true }).find(
      ({ name }) => name === 'model.safetensors',
    )!;
    const path = join(file.parentPath, file.name);
    writeFileSync(path, readFileSync(path).subarray(0, statSync(path).size - 1));
    await expect(load('timm/lcnet_035.test', { offline: true })).rejects.toThrow(
      /resolve\/c0ffee.*model\.safetensors is required, but downloads are disabled/,
    );
  });

  test('is refused and not cached if a file differs from the listing', async () => {
    const { load, cache } = await startHub({ answer: listing('d'.repeat(64)) });
    await expect(load('timm/lcnet_035.test')).rejects.toThrow(/SHA-256 is .*, but d{64} is expected/);
    expect(
      readdirSync(cache, { recursive: true }).some((name) => String(name).endsWith('model.safetensors')),
    ).toBe(false);
    const short = await startHub({ files: weights.subarray(0, 5000) });
    await expect(short.load('timm/lcnet_035.test')).rejects.toThrow(/has 5000 bytes, but \d+ are expected/);
  });

  test('sends the token to the hub, not to its storage', async () => {
    const { load, headers, storage } = await startHub();
    vi.stubEnv('HF_TOKEN', 'hf_test');
    await load('timm/lcnet_035.test');
    expect(headers.every(({ authorization }) => authorization === 'Bearer hf_test')).toBe(true);
    expect(storage.headers.every(({ authorization }) => authorization === undefined)).toBe(true);
  });

  test('is reported if it does not exist or has no weights', async () => {
    const { load } = await startHub();
    await expect(load('timm/other')).rejects.toThrow(/has no model timm\/other, or it is private/);
    await expect(load('timm/lcnet_035.test', { file: 'a.pth' })).rejects.toThrow(
      /has no a\.pth; it has README\.md, config\.json, model\.safetensors/,
    );
    const strange = await startHub({ answer: { error: 'x' } });
    await expect(strange.load('timm/lcnet_035.test')).rejects.toThrow(/does not answer like the hub/);
  });
});

test('files are cached in the Cache API in a browser', async () => {
  const { url, requests } = await serve((request, response) => sendFile(request, response, weights));
  const kept = new Map<string, Response>();
  const open = async () => ({
    match: async (key: string) => kept.get(key)?.clone(),
    put: async (key: string, response: Response) => void kept.set(key, response),
  });
  vi.stubGlobal('caches', { open });
  vi.stubGlobal('process', { env: {} });
  const { fetchWeights } = await import('../src/sources/fetch-weights.js');
  try {
    for (let i = 0; i < 2; i++) {
      const { bytes, keep } = await fetchWeights(`${url}/w.safetensors`, {});
      expect(bytes.length).toBe(weights.length);
      await keep?.();
    }
    expect((await fetchWeights(`${url}/w.safetensors`, { offline: true })).bytes.length).toBe(weights.length);
    await expect(fetchWeights('weights.safetensors', {})).rejects.toThrow(/a browser has no files/);
  } finally {
    vi.unstubAllGlobals();
  }
  // The second load only revalidated the file.
  expect(requests.length).toBe(2);
  expect([...kept.keys()]).toEqual([expect.stringMatching(/w\.safetensors$/)]);
});

/** Any file below the working folder whose path could be a model's name. */
const FILE_LIKE_ID = readdirSync('.', { withFileTypes: true })
  .filter((entry) => entry.isDirectory() && /^\w+$/.test(entry.name))
  .flatMap(({ name }) => readdirSync(name).map((file) => `${name}/${file}`))
  .find((path) => /^\w+\/\w+(\.ts|\.mjs)?$/.test(path))!;

test.each([
  ['timm/lcnet_050.ra2_in1k', { kind: 'hub', repository: 'timm/lcnet_050.ra2_in1k' }],
  ['hf-hub:a/b@v1.0', { kind: 'hub', repository: 'a/b', revision: 'v1.0' }],
  ['hf_hub:a/b.safetensors', { kind: 'hub', repository: 'a/b.safetensors' }],
  ['weights/model.safetensors', { kind: 'file', path: 'weights/model.safetensors' }],
  ['../weights', { kind: 'file', path: '../weights' }],
  ['/srv/weights/model', { kind: 'file', path: '/srv/weights/model' }],
  [FILE_LIKE_ID, { kind: 'file', path: FILE_LIKE_ID }],
  ['model.pth', { kind: 'file', path: 'model.pth' }],
  ['C:\\weights\\model', { kind: 'file', path: 'C:\\weights\\model' }],
  ['https://host/a', { kind: 'url', url: 'https://host/a' }],
])('parses the source %s', (text, parsed) => {
  expect(parseSource(text)).toMatchObject(parsed);
});
