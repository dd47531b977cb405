import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { build } from 'esbuild';
import sharp from 'sharp';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { findDuplicates } from '../src/find-duplicates.js';
import type { LabeledImage } from '../src/labeled-images.js';
import { BatchLoader } from '../src/loader/batch-loader.js';
import { openSource, type SourceSpec } from '../src/open-source.js';
import { pictureImage } from './images.js';

const root = mkdtempSync(join(tmpdir(), 'unitsphere-labeled-'));
const workerFile = join(fileURLToPath(new URL('../.cache/', import.meta.url)), 'labeled-worker.mjs');
const images: LabeledImage[] = [];

beforeAll(async () => {
  mkdirSync(root, { recursive: true });
  await build({
    entryPoints: [fileURLToPath(new URL('../src/worker.ts', import.meta.url))],
    outfile: workerFile,
    bundle: true,
    platform: 'node',
    format: 'esm',
    packages: 'external',
  });
  for (let i = 0; i < 6; i++) {
    const { data, width, height } = pictureImage(20 + i, 24);
    const png = await sharp(data, { raw: { width, height, channels: 3 } })
      .png()
      .toBuffer();
    const image =
      i % 3 === 0 ? new Uint8Array(png) : i % 3 === 1 ? new Blob([png]) : new File([png], `${i}.png`);
    images.push({ identity: `person ${i % 2}`, image });
  }
});
afterAll(() => rmSync(root, { recursive: true, force: true }));

test('opens Blobs, Files and bytes, from an array or an asynchronous iterable', async () => {
  const source = await openSource({ kind: 'images', images, side: 16 });
  expect(source.identities).toEqual([
    { name: 'person 0', samples: 3 },
    { name: 'person 1', samples: 3 },
  ]);
  expect([0, 1].map((identity) => source.contents?.(identity).map(({ file }) => file))).toEqual([
    ['0', '2.png', '4'],
    ['1', '3', '5.png'],
  ]);
  async function* later() {
    for (const image of images) yield image;
  }
  const other = await openSource({ kind: 'images', images: later(), side: 16, memory: 0 });
  for (const identity of [0, 1]) {
    for (const sample of [0, 1, 2]) {
      expect(await other.load(identity, sample)).toEqual(await source.load(identity, sample));
    }
  }
  expect(await findDuplicates(source)).toEqual(await findDuplicates(other));
});

test('gives the same batches on worker threads, whatever the memory', async () => {
  const batches = async (workers: number, memory?: number) => {
    const source: SourceSpec = { kind: 'images', images, side: 20, memory };
    const options = { size: 16, batchSize: 4, seed: 3, workerFile: pathToFileURL(workerFile) };
    const loader = await BatchLoader.create({ ...options, source, workers });
    const made: Uint8Array[] = [];
    for (let step = 0; step < 4; step++) made.push((await loader.next()).images);
    await loader.close();
    return made;
  };
  const inline = await batches(0);
  // An open source is shared with the workers, not opened again.
  const opened = await openSource({ kind: 'images', images, side: 20 });
  const options = { size: 16, batchSize: 4, seed: 3, workerFile: pathToFileURL(workerFile) };
  const loader = await BatchLoader.create({ ...options, source: opened, workers: 2 });
  expect(loader.source).toBe(opened);
  expect((await loader.next()).images).toEqual(inline[0]);
  await loader.close();
  for (const memory of [0, 2500, undefined]) expect(await batches(2, memory), `${memory}`).toEqual(inline);
});

test('refuses entries without an identity or an image, repeated ids, and a single identity', async () => {
  const open = (entries: unknown[]) =>
    openSource({ kind: 'images', images: entries as LabeledImage[], side: 16 });
  const [{ image }] = images;
  await expect(open([{ image }])).rejects.toThrow(/Image 0 of the list has no identity/);
  await expect(open([{ identity: 'a', image: 'a.png' }])).rejects.toThrow(/neither a Blob nor a Uint8Array/);
  await expect(open([{ identity: 'a', image }])).rejects.toThrow(/1 images of 1 identities/);
  const twice = ['a', 'b'].map((identity) => ({ identity, image, id: 'same' }));
  await expect(open(twice)).rejects.toThrow(/Two images of the list have the id "same"/);
  const broken = ['a', 'b', 'c'].map((identity) => ({
    identity,
    image: identity === 'c' ? new Blob(['x']) : image,
  }));
  expect((await open(broken)).identities.length).toBe(2);
});
