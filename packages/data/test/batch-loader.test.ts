import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { build } from 'esbuild';
import fc from 'fast-check';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Batch, BatchLoader, type BatchLoaderOptions } from '../src/loader/batch-loader.js';
import type { SourceSpec } from '../src/open-source.js';
import type { ImageSource } from '../src/source.js';
import { applyView } from '../src/views.js';
import { noiseImage, pictureImage } from './images.js';

const custom = new URL('./fixtures/custom-source.mjs', import.meta.url).href;
const workerFile = pathToFileURL(fileURLToPath(new URL('../.cache/test-worker.mjs', import.meta.url)));
const root = mkdtempSync(join(tmpdir(), 'unitsphere-loader-'));
const folder: SourceSpec = {
  kind: 'folder',
  dir: join(root, 'images'),
  side: 24,
  cacheDir: join(root, 'cache'),
};

beforeAll(async () => {
  // The worker is bundled from the current source.
  await build({
    entryPoints: [fileURLToPath(new URL('../src/worker.ts', import.meta.url))],
    outfile: fileURLToPath(workerFile),
    bundle: true,
    platform: 'node',
    format: 'esm',
    packages: 'external',
  });
  for (let i = 0; i < 5; i++) {
    mkdirSync(join(root, 'images', `${i}`), { recursive: true });
    for (let j = 0; j <= i; j++) {
      const { data } = noiseImage(24, 24, i * 10 + j);
      const image = sharp(data, { raw: { width: 24, height: 24, channels: 3 } });
      writeFileSync(join(root, 'images', `${i}`, `${j}.png`), await image.png().toBuffer());
    }
  }
});
afterAll(() => rmSync(root, { recursive: true, force: true }));

const base = { source: folder, size: 16, batchSize: 6, seed: 3, workerFile } satisfies BatchLoaderOptions;
async function batches(
  count: number,
  options: Partial<BatchLoaderOptions>,
): Promise<Omit<Batch, 'waitedMs' | 'times'>[]> {
  const loader = await BatchLoader.create({ ...base, ...options });
  const result: Omit<Batch, 'waitedMs' | 'times'>[] = [];
  for (let i = 0; i < count; i++) {
    const { waitedMs, times, ...batch } = await loader.next();
    expect(waitedMs).toBeGreaterThanOrEqual(0);
    result.push(batch);
  }
  await loader.close();
  return result;
}

describe('BatchLoader', () => {
  test('gives the same batches for any number of workers and any first step', async () => {
    const sources: SourceSpec[] = [
      folder,
      { kind: 'module', module: custom },
      { kind: 'documents', identities: 5, seed: 1, size: 32, samplesPerIdentity: 3 },
    ];
    for (const source of sources) {
      const inline = await batches(9, { source, views: 24, workers: 0 });
      expect(inline.map(({ step }) => step)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8]);
      expect(await batches(9, { source, views: 24, workers: 1 })).toEqual(inline);
      expect(await batches(9, { source, views: 24, workers: 3, prefetch: 5 })).toEqual(inline);
      expect(await batches(4, { source, views: 24, workers: 2, fromStep: 5 })).toEqual(inline.slice(5));
      expect(await batches(4, { source, views: 24, fromStep: 5 })).toEqual(inline.slice(5));
      const [part] = await batches(1, { source, views: 24, workers: 2, fromStep: 5, part: [2, 5] });
      const bytes = 3 * base.size ** 2;
      expect(part.images).toEqual(inline[5].images.slice(2 * bytes, 5 * bytes));
      expect(part.labels).toEqual(inline[5].labels.slice(2, 5));
      expect((await batches(1, { source, views: 24, seed: 4 }))[0].images).not.toEqual(inline[0].images);
    }
  });

  test('loads only the images of its part, so that the parts of a batch load each image once', async () => {
    const loaded: string[] = [];
    const source: ImageSource = {
      identities: Array.from({ length: 12 }, (_, i) => ({ name: `${i}`, samples: 1 })),
      load(identity, sample) {
        loaded.push(`${identity} ${sample}`);
        return noiseImage(24, 24, identity);
      },
    };
    const loadedOf = async (part?: readonly [number, number]) => {
      loaded.length = 0;
      await batches(1, { source, workers: 0, prefetch: 1, ...(part && { part }) });
      return [...loaded];
    };
    const whole = await loadedOf();
    const parts = [await loadedOf([0, 4]), await loadedOf([4, 6])];
    expect(parts.map((part) => part.length)).toEqual([4, 2]);
    expect(parts.flat()).toEqual(whole);
  });

  test('gives the same batches from memory, from the cache on disk and from the files', async () => {
    const inline = await batches(5, { source: folder, views: 24 });
    for (const options of [
      { memory: 0 },
      { memory: 4000 },
      { memory: 0, cacheDir: join(root, 'none'), cacheLimit: 0 },
    ]) {
      const source: SourceSpec = { ...folder, ...options };
      for (const workers of [0, 2]) {
        expect(await batches(5, { source, views: 24, workers }), JSON.stringify(options)).toEqual(inline);
        expect(await batches(2, { source, views: 24, workers, fromStep: 3 })).toEqual(inline.slice(3));
      }
    }
  });

  test('gives the planned views of the planned samples and each class once per epoch', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.uniqueArray(fc.integer({ min: 0, max: 4 }), { minLength: 2 }),
        fc.constantFrom(1 as const, 24 as const),
        fc.nat(),
        async (identities, views, seed) => {
          const loader = await BatchLoader.create({ ...base, identities, views, seed, augment: false });
          const labels: number[] = [];
          const steps = Math.ceil(loader.classCount / 6);
          for (let step = 0; step < steps; step++) {
            const batch = await loader.next();
            expect(batch.epoch).toBe(0);
            expect(loader.labelsAt(step)).toEqual(batch.labels);
            const plan = loader.sampler.planBatch(step);
            for (const [i, { identity, sample, view, label }] of plan.entries()) {
              expect(batch.labels[i]).toBe(label);
              const image = applyView(await loader.source.load(identity, sample), view, 16);
              expect(batch.images.subarray(i * 768, (i + 1) * 768)).toEqual(image.data);
            }
            labels.push(...batch.labels);
          }
          expect(new Set(labels.slice(0, loader.classCount)).size).toBe(loader.classCount);
        },
      ),
      { numRuns: 8 },
    );
  });

  test('adds clean images for any number of workers without changing the batches', async () => {
    const documents: SourceSpec = {
      kind: 'documents',
      identities: 5,
      seed: 1,
      size: 32,
      samplesPerIdentity: 3,
    };
    for (const source of [folder, documents]) {
      const options = { source, views: 24, clean: true } as const;
      const inline = await batches(3, options);
      expect(await batches(3, { ...options, workers: 2 })).toEqual(inline);
      const without = await batches(3, { ...options, clean: false });
      expect(inline.map(({ clean, ...batch }) => batch)).toEqual(without);
      expect(without[0]).not.toHaveProperty('clean');
      const loader = await BatchLoader.create({ ...base, ...options });
      for (const [i, { identity, sample, view }] of loader.sampler.planBatch(2).entries()) {
        const opened = loader.source as ImageSource;
        const image = await (source === documents ? opened.clean!(identity) : opened.load(identity, sample));
        const expected = applyView(image, view, 16).data;
        expect(inline[2].clean!.subarray(i * 768, (i + 1) * 768)).toEqual(expected);
        expect(inline[2].images.subarray(i * 768, (i + 1) * 768)).not.toEqual(expected);
      }
      await loader.close();
    }
  });

  test('answers overlapping calls in order', async () => {
    const loader = await BatchLoader.create({ ...base, workers: 2 });
    const steps = await Promise.all(Array.from({ length: 7 }, async () => (await loader.next()).step));
    expect(steps).toEqual([0, 1, 2, 3, 4, 5, 6]);
    await loader.close();
  });

  test('accepts an open source without workers and refuses it with workers', async () => {
    const source = {
      identities: [0, 1].map((i) => ({ name: `${i}`, samples: 1 })),
      load: () => pictureImage(16, 16),
    };
    const [batch] = await batches(1, { source, batchSize: 2, augment: false });
    expect(batch.images.subarray(0, 768)).toEqual(pictureImage(16, 16).data);
    await expect(BatchLoader.create({ ...base, source, workers: 1 })).rejects.toThrow(
      /cannot be sent to workers/,
    );
  });

  test('refuses invalid options before it starts workers', async () => {
    const make = (options: Partial<BatchLoaderOptions>) => BatchLoader.create({ ...base, ...options });
    await expect(make({ size: 0 })).rejects.toThrow(/size must be an integer ≥ 1/);
    await expect(make({ workers: -1 })).rejects.toThrow(/workers must be/);
    await expect(make({ workers: 1, prefetch: 0 })).rejects.toThrow(/prefetch must be an integer ≥ 1/);
    await expect(make({ fromStep: 1.5 })).rejects.toThrow(/fromStep/);
    await expect(make({ part: [2, 2] })).rejects.toThrow(/the end of part/);
    await expect(make({ part: [0, 1000] })).rejects.toThrow(/part ends at 1000, after the batch/);
    await expect(make({ identities: [9, 1] })).rejects.toThrow(/identity 9 is not in the source/);
    await expect(make({ augment: { probability: 2 } })).rejects.toThrow(/probability in \[0, 1\]/);
    await expect(make({ source: { kind: 'video' } as never })).rejects.toThrow(
      /unknown kind of source "video"/,
    );
    await expect(make({ source: { kind: 'module', module: 'node:path', options: 1 } })).rejects.toThrow(
      /must be a function/,
    );
  });
});

describe('BatchLoader.next after a failure', () => {
  const troubled = (trouble: string, workers: number) =>
    BatchLoader.create({
      ...base,
      source: { kind: 'module', module: custom, options: { trouble } },
      workers,
      batchSize: 3,
    });
  const firstFailure = async (loader: BatchLoader) => {
    for (let i = 0; i < 20; i++) {
      try {
        await loader.next();
      } catch (error) {
        return error as Error;
      }
    }
    throw new Error('nothing failed');
  };

  test.each([0, 1, 3])(
    'rejects every call with the identity and the reason (%i workers)',
    async (workers) => {
      const loader = await troubled('throw', workers);
      const error = await firstFailure(loader);
      expect(error.message).toMatch(/^Cannot make sample [01] of identity "custom 3": the film is over$/);
      await expect(loader.next()).rejects.toBe(error);
      await loader.close();
    },
  );

  test('rejects when a worker exits or crashes', async () => {
    for (const [trouble, message] of [
      ['exit', /Data worker \d exited unexpectedly with code 7/],
      ['crash', /Data worker \d failed: struck by lightning/],
    ] as const) {
      const loader = await troubled(trouble, 2);
      expect((await firstFailure(loader)).message).toMatch(message);
      await loader.close();
    }
  });

  test('rejects when the worker file is missing', async () => {
    const missing = new URL('./none.mjs', import.meta.url);
    const loader = await BatchLoader.create({ ...base, workers: 1, workerFile: missing });
    await expect(loader.next()).rejects.toThrow(/Data worker 0 failed: .*none\.mjs/);
    await loader.close();
  });

  test('rejects when the loader is closed while a worker hangs', async () => {
    const loader = await troubled('never', 1);
    const waiting = firstFailure(loader);
    await new Promise((resolve) => setTimeout(resolve, 300));
    await loader.close();
    expect((await waiting).message).toMatch(/closed/);
    await expect(loader.next()).rejects.toThrow(/closed/);
    await loader.close();
  });
});
