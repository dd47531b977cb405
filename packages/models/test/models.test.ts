import { existsSync, readFileSync } from 'node:fs';
import { Socket } from 'node:net';
import { fileURLToPath } from 'node:url';
import * as tf from '@tensorflow/tfjs-core';
import { useBackend } from '@unitsphere/backends';
import { readSafetensors } from '@unitsphere/core';
import { openFolder } from '@unitsphere/data';
import { loadEmbedder } from '@unitsphere/embedder';
import { beforeAll, describe, expect, onTestFinished, test, vi } from 'vitest';
import { embedCards, verifyCards } from '../scripts/measure-cards.mjs';
import { writeFigures } from '../scripts/write-figures.mjs';
import { documentBase, documentSmall, documentSmallThresholds } from '../src/index.js';

const cards = fileURLToPath(new URL('../../../../shared/data/unique_pool', import.meta.url));
const absent = !existsSync(cards);
const read = (name: string, file: string) =>
  readFileSync(new URL(`../weights/${name}/${file}`, import.meta.url), 'utf8');
type Figures = Parameters<typeof writeFigures>[1] & { everyTwentieth: ReturnType<typeof verifyCards> };
const MODELS = [
  { name: 'document-small', model: documentSmall, parameters: 1_000_000, bytes: 2_500_000, side: 128 },
  { name: 'document-base', model: documentBase, parameters: 6_000_000, bytes: 3_100_000, side: 224 },
];

beforeAll(() => useBackend('wasm').then(() => undefined));

test('lists the thresholds that the model card states, in its order', () => {
  const stated = documentSmallThresholds.thresholds
    .map(({ falsePositiveRate, threshold }) => `${threshold.toFixed(3)} at ${falsePositiveRate}`)
    .join(', ');
  expect(stated).toBe('0.365 at 0.01, 0.507 at 0.001, 0.722 at 0.0001');
  expect(documentSmall['README.md']).toContain('0.365 at an FPR of 1e-2, 0.507 at 1e-3, 0.722 at 1e-4');
});

describe.each(MODELS)('$name', ({ name, model, parameters: most, bytes, side }) => {
  const figures = JSON.parse(read(name, 'figures.json')) as Figures;

  test(`has at most ${most} parameters in float16, and at most ${bytes} bytes`, () => {
    const weights = model['model.safetensors'] as Uint8Array;
    const { tensors } = readSafetensors(weights);
    const parameters = [...tensors].filter(([key]) => !/running_|num_batches/.test(key));
    const count = parameters.reduce((sum, [, { data }]) => sum + data.length, 0);
    expect(count).toBeLessThanOrEqual(most);
    expect(new Set(parameters.map(([, { dtype }]) => dtype))).toEqual(new Set(['F16']));
    expect(weights.length).toBeLessThanOrEqual(bytes);
  });

  test('embeds an image as 256 values of unit length, the same in a batch, and leaves no tensors', async () => {
    const before = tf.memory().numTensors;
    const embedder = await loadEmbedder(model);
    const image = (step: number) => ({
      width: 20,
      height: 12,
      data: Uint8Array.from({ length: 720 }, (_, i) => (i * step) % 256),
    });
    const alone = await embedder.embed(image(7));
    const [, together] = await embedder.embed([image(3), image(7)]);
    expect(alone).toHaveLength(256);
    expect(Math.hypot(...alone)).toBeCloseTo(1, 5);
    for (const [i, value] of together.entries()) expect(value).toBeCloseTo(alone[i], 4);
    embedder.dispose();
    expect(tf.memory().numTensors).toBe(before);
  });

  test('loads without a network', async () => {
    const connect = vi.spyOn(Socket.prototype, 'connect').mockImplementation(() => {
      throw new Error('a connection');
    });
    vi.stubGlobal('fetch', () => Promise.reject(new Error('a request')));
    onTestFinished(() => {
      vi.unstubAllGlobals();
      connect.mockRestore();
    });
    const embedder = await loadEmbedder(model);
    expect(embedder.embeddingSize).toBe(256);
    embedder.dispose();
    expect(connect).not.toHaveBeenCalled();
  });

  test('has the figures of its weights in its card', async () => {
    const embedder = await loadEmbedder(model);
    expect(embedder.fingerprint).toBe(figures.fingerprint);
    embedder.dispose();
    const card = model['README.md'] as string;
    expect(writeFigures(card, figures)).toBe(card);
    expect(card).toContain(figures.cards.tprAtFpr['1e-3'].toFixed(3));
  });

  const every = process.env['UNITSPHERE_ALL_CARDS'] === 'true' ? 1 : 20;
  test.skipIf(absent)(
    `has the figures of figures.json on ${every === 1 ? 'all real cards' : 'every twentieth real card'}${absent ? ' (skipped: shared/data/unique_pool is not next to the checkout)' : ' (UNITSPHERE_ALL_CARDS=true for all)'}`,
    { timeout: 1_200_000 },
    async () => {
      const embedder = await loadEmbedder(model);
      const source = await openFolder(cards, {
        side: Math.round(side * 1.25),
        identityPer: 'file',
        cacheDir: false,
      });
      const embedded = await embedCards(embedder, source, 'augmentation', every);
      embedder.dispose();
      const found = verifyCards(embedded, { intervals: false });
      const expected = every === 1 ? figures.cards : figures.everyTwentieth;
      expect(found.identities).toBe(expected.identities);
      // Decoders and backends differ in the last bits of pixels and sums.
      expect(found.rank1).toBeCloseTo(expected.rank1, 2);
      for (const fpr of ['1e-2', '1e-3']) {
        expect(found.tprAtFpr[fpr], fpr).toBeCloseTo(expected.tprAtFpr[fpr], 2);
      }
    },
  );
});
