import { cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { readPairFile } from '@unitsphere/verification';
import { expect, test } from 'vitest';
import { formatResults } from '../src/commands/format-results.js';
import { parseConfig } from '../src/config/parse-config.js';
import { openPairFiles } from '../src/dataset/pair-files.js';
import type { ImageEmbedder } from '../src/evaluate/embed.js';
import { runEvaluation } from '../src/evaluate/run-evaluation.js';
import { verifyPairs } from '../src/evaluate/verify-pairs.js';
import { describeRun } from '../src/export/model-card.js';
import { renderReport } from '../src/report/index.js';
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
    const { run, summary } = await train(config, base, { replicaFile, renderReport });
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

test('trains without held-out identities, says what was not measured, and resumes', async () => {
  const data = await pictureFolder();
  const config = tinyConfig(data, `evaluation: { pairFiles: [${folder}faces.bin] }`);
  Object.assign(config.data.split, { train: 1, validation: 0, test: 0 });
  config.training.steps = 3;
  const base = temporaryFolder();
  const controller = new AbortController();
  const progress = { ...silentProgress(), step: () => controller.abort() };
  const interrupted = await train(config, base, { progress, signal: controller.signal });
  expect(interrupted.summary).toBeNull();
  const { run, summary } = await train(config, base, { resume: true, renderReport });
  expect(summary!.splits).toEqual({ train: 24, validation: 0, test: 0 });
  expect(summary).not.toHaveProperty('heldOut');
  expect(summary).not.toHaveProperty('rank1');
  expect(summary!.untrained).toBeUndefined();
  const page = readFileSync(run.file('report.html'), 'utf8');
  expect(page).toMatch(
    /<h1 id="headline">On faces, [\d.]+\u202f% of the pairs are verified correctly\.<\/h1>/,
  );
  expect(page).toContain('No identities were held out (data.split.test is 0)');
  expect(page).not.toContain('data-plot="roc"');
  expect(page).toContain('data-plot="loss"');
  expect(formatResults(summary!, 80).join(' ')).toMatch(/No identities were held out.*faces/s);
  const card = describeRun({ config, run: 'run', step: 3, summary: summary! }).sections!;
  expect(card.find(({ title }) => title === 'Evaluation')!.text).toMatch(
    /^No identities were held out[^|]*Verification sets.*\| faces \| 0\.\d{4} ±/s,
  );
  const evaluated = await runEvaluation({ checkpoint: run.path, progress: silentProgress() });
  expect(evaluated).not.toHaveProperty('heldOut');
  expect(evaluated).not.toHaveProperty('rank1');
  expect(evaluated.pairFiles!['faces'].accuracy).toBeCloseTo(summary!.pairFiles!['faces'].accuracy, 5);
  await expect(runEvaluation({ checkpoint: run.path, data, progress: silentProgress() })).rejects.toThrow(
    /has not seen 0 of 24 identities/,
  );
});

test('refuses a split without held-out identities where nothing else would be measured', () => {
  const split = 'data: { split: { train: 0.9, validation: 0.1, test: 0 } }';
  expect(() => parseConfig(split)).toThrow(/data\.split\.test.*nothing would be measured/s);
  const withSets = `${split}\nevaluation: { pairFiles: [lfw.bin] }`;
  expect(parseConfig(withSets).data.split.test).toBe(0);
  expect(() => parseConfig(`${withSets}\ntraining: { testEvery: 5 }`)).toThrow(/no held-out identities/);
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
