/** Pruning of sub-centers: probable label errors, and the list without them. */
import { mkdirSync, readFileSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { openDataset } from '../src/dataset/dataset.js';
import { findClassOutliers } from '../src/prune/find-class-outliers.js';
import { pruneRun } from '../src/prune/prune-run.js';
import { pictureFolder, silentProgress, temporaryFolder, tinyConfig, train } from './fixtures.js';

/** Creates a folder of 12 identities with two pictures each. */
async function identityFolder(): Promise<string> {
  const folder = await pictureFolder(24);
  for (let i = 0; i < 24; i++) {
    const identity = join(folder, `identity ${i >> 1}`);
    mkdirSync(identity, { recursive: true });
    const name = `${String(i).padStart(3, '0')}.png`;
    renameSync(join(folder, name), join(identity, name));
  }
  return folder;
}

test('the sub-center of most images is dominant, and images of the others are far from it', () => {
  const subCenters = Float32Array.of(0, 2, 3, 0, -1, -1);
  const embeddings = Float32Array.of(1, 0, 0, 1, 0.8, 0.6, 0.8, -0.6);
  const { dominant, angles } = findClassOutliers(embeddings, subCenters, 2);
  expect(dominant).toBe(1);
  expect([...angles].map((angle) => Math.round(angle))).toEqual([0, 90, 37, 37]);
});

test('lists the images of a run but those beyond the threshold, and a training can start from the list', async () => {
  const folder = await identityFolder();
  const config = tinyConfig(folder, 'loss: { name: subcenter-arcface, subCenters: 2 }');
  config.training.steps = 2;
  const { run } = await train(config, temporaryFolder());
  const output = join(temporaryFolder(), 'clean.csv');
  const options = { run: run.path, output, progress: silentProgress() };

  const all = await pruneRun({ ...options, threshold: 1e-6 });
  expect(all.outliers).toHaveLength(all.images);
  expect(all.identities.dropped).toBe(all.identities.trained);
  const middle = all.outliers[Math.floor(all.images / 2)].angle;
  const half = await pruneRun({ ...options, threshold: middle });
  expect(half.outliers).toEqual(all.outliers.filter(({ angle }) => angle > middle));
  expect(half.outliers.length).toBeGreaterThan(0);

  const rows = readFileSync(output, 'utf8').trim().split('\n').slice(1);
  expect(rows.filter((row) => row.endsWith(',train'))).toHaveLength(all.images - half.outliers.length);
  for (const { file } of half.outliers) expect(rows.some((row) => row.includes(`/${file},`))).toBe(false);
  Object.assign(config.data, { source: 'csv', path: output });
  const { source, split } = await openDataset(config, { warn: () => undefined });
  const samples = split.train.map((identity) => source.identities[identity].samples);
  expect(samples.reduce((sum, count) => sum + count, 0)).toBe(all.images - half.outliers.length);
});

test('refuses a run with one center per class', async () => {
  const config = tinyConfig(await pictureFolder());
  config.training.steps = 1;
  const { run } = await train(config, temporaryFolder());
  const options = { run: run.path, output: join(temporaryFolder(), 'clean.csv'), threshold: 75 };
  await expect(pruneRun({ ...options, progress: silentProgress() })).rejects.toThrow(
    'was trained with one center per class, so it has no sub-centers to prune',
  );
});
