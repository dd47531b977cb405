import { cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { readPairFile } from '@unitsphere/verification';
import { expect, test } from 'vitest';
import { parseConfig } from '../src/config/parse-config.js';
import { openPairFiles } from '../src/dataset/pair-files.js';
import type { ImageEmbedder } from '../src/evaluate/embed.js';
import { runEvaluation } from '../src/evaluate/run-evaluation.js';
import { verifyPairs } from '../src/evaluate/verify-pairs.js';
import { readMetrics } from '../src/run/metrics-log.js';
import { bundleFixture } from './fixtures/bundle.js';
import { pictureFolder, silentProgress, temporaryFolder, tinyConfig, train } from './fixtures.js';

const replicaFile = bundleFixture('replica-worker');
const folder = fileURLToPath(new URL('../../../packages/verification/test/golden/', import.meta.url));
const golden = JSON.parse(readFileSync(`${folder}faces.json`, 'utf8'));

/** The "network" of tools/golden/face_protocols.py: a projection by small integers. */
const projection: ImageEmbedder = {
  async embed(images, { normalize = true } = {}) {
    expect(normalize).toBe(false);
    const dimensions = 16;
    const values = images[0].length;
    const embeddings = new Float32Array(images.length * dimensions);
    for (const [i, image] of images.entries()) {
      for (let d = 0; d < dimensions; d++) {
        let sum = 0;
        for (let k = 0; k < values; k++) sum += golden.weights[d * values + k] * (image[k] - 128);
        embeddings[i * dimensions + d] = sum;
      }
    }
    return { embeddings, dimensions };
  },
};

test("equals insightface's protocol, with the embeddings of an image and its mirror image added", async () => {
  const pairs = readPairFile(readFileSync(`${folder}faces.bin`));
  const found = await verifyPairs(projection, pairs, { imageSize: golden.size, name: 'faces' });
  expect(found.pairs).toEqual({ positive: 32, negative: 32 });
  expect(found.accuracy).toBeCloseTo(golden.lfw.accuracy, 12);
  expect(found.accuracyStd).toBeCloseTo(golden.lfw.std, 12);
  const thresholds = golden.lfw.folds.map(({ threshold }: { threshold: number }) => threshold);
  const mean = thresholds.reduce((sum: number, value: number) => sum + value, 0) / thresholds.length;
  expect(found.threshold).toBeCloseTo(1 - mean / 2, 12);
  const [{ val, std, far, farTarget }] = golden.val;
  expect(farTarget).toBe(1e-3);
  expect([found.val, found.valStd, found.far]).toEqual([
    expect.closeTo(val, 12),
    expect.closeTo(std, 12),
    expect.closeTo(far, 12),
  ]);
});

test('reports broken sets before anything is trained', async () => {
  const dir = temporaryFolder();
  const file = join(dir, 'lfw.bin');
  const open = () => openPairFiles([file]);
  await expect(open()).rejects.toThrow(/verification set .*lfw.bin cannot be read/);
  writeFileSync(file, 'abc');
  await expect(open()).rejects.toThrow(/lfw.bin: The file is not an insightface verification set/);
  // Four pairs are too few for 10 folds.
  cpSync(`${folder}faces-python2.bin`, file);
  await expect(open()).rejects.toThrow(/lfw.bin cannot be verified by 10 folds: folds must be/);
  const other = join(dir, 'other', 'faces.bin');
  mkdirSync(join(dir, 'other'));
  cpSync(`${folder}faces.bin`, other);
  await expect(openPairFiles([`${folder}faces.bin`, other])).rejects.toThrow(/two .* named "faces"/);
  expect(
    parseConfig('data: { split: { train: 0.8, validation: 0, test: 0.2 } }').training.validateEvery,
  ).toBe(null);
  const verified = `evaluation: { pairFiles: [lfw.bin] }\ndata: { split: { train: 0.8, validation: 0, test: 0.2 } }`;
  expect(parseConfig(verified).training.validateEvery).toBe(200);
});

test('a training verifies sets at every validation and at its end, on one replica and on two', async () => {
  const data = await pictureFolder();
  const figures: unknown[] = [];
  for (const replicas of [1, 2]) {
    const config = tinyConfig(data, `evaluation: { pairFiles: [${folder}faces.bin] }\nloss: { pairs: null }`);
    config.training.replicas = replicas;
    config.training.steps = 3;
    const base = temporaryFolder();
    const { run, summary } = await train(config, base, { replicaFile });
    const records = await readMetrics(run.file('metrics.jsonl'));
    const points = records.flatMap(({ step, pairFiles }) => (pairFiles ? [{ step, pairFiles }] : []));
    expect(points).toEqual([{ step: 3, pairFiles: summary!.pairFiles }]);
    expect(summary!.pairFiles!['faces'].pairs).toEqual({ positive: 32, negative: 32 });
    expect(readFileSync(run.file('report.html'), 'utf8')).toContain('Verification sets');
    if (replicas === 1) {
      const evaluated = await runEvaluation({ checkpoint: run.path, progress: silentProgress() });
      // The embedder runs other batches, so that sums may round otherwise.
      expect(evaluated.pairFiles!['faces'].accuracy).toBeCloseTo(summary!.pairFiles!['faces'].accuracy, 1);
      expect(evaluated.retrieval).toBeUndefined();
    }
    figures.push(summary!.pairFiles!['faces'].pairs);
  }
  expect(figures[1]).toEqual(figures[0]);
});

test('evaluates the queries of a list in its gallery, without identities that were trained on', async () => {
  const data = await pictureFolder(16);
  const rows = Array.from({ length: 16 }, (_, i) => {
    const file = `${String(i).padStart(3, '0')}.png`;
    return i < 10
      ? `${file},${i % 5},train,,`
      : `${file},v${i % 3},validation,${i < 13 ? 'True,False' : 'False,True'}`;
  });
  const path = join(data, 'df.csv');
  writeFileSync(path, `path,label,split,is_query,is_gallery\n${rows.join('\n')}\n`);
  const config = tinyConfig(data);
  Object.assign(config.data, { source: 'csv', path, split: { train: 0.7, validation: 0.1, test: 0.2 } });
  config.training.steps = 1;
  const { run } = await train(config, temporaryFolder());
  const { retrieval } = await runEvaluation({
    checkpoint: run.path,
    data: path,
    identities: 'all',
    progress: silentProgress(),
  });
  expect(retrieval).toMatchObject({ queries: 3, queriesWithoutMatch: 0, galleryRows: 3, identities: 3 });
  expect(retrieval!.recallAtK.map(({ k }) => k)).toEqual([1, 5, 10]);
  expect(retrieval!.recallAtK[1].value).toBe(1);
});
