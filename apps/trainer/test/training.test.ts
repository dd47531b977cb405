import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import { useBackend } from '@unitsphere/backends';
import { readSafetensors } from '@unitsphere/core';
import { BatchLoader } from '@unitsphere/data';
import { expect, test } from 'vitest';
import type { Config } from '../src/config/config.js';
import { parseConfig } from '../src/config/parse-config.js';
import { sourceSpec } from '../src/dataset/dataset.js';
import { runEvaluation } from '../src/evaluate/run-evaluation.js';
import { renderReport } from '../src/report/index.js';
import { latestCheckpoint } from '../src/run/checkpoints.js';
import { readMetrics } from '../src/run/metrics-log.js';
import { RunDirectory } from '../src/run/run-directory.js';
import { TrainingState } from '../src/step/training-state.js';
import { createTrainingStep, NotFiniteError } from '../src/step/training-step.js';
import { pictureFolder, silentProgress, temporaryFolder, tinyConfig, train } from './fixtures.js';

const losses = async (run: RunDirectory) =>
  (await readMetrics(run.file('metrics.jsonl'))).flatMap((record) =>
    'loss' in record ? [[record.step, record.loss]] : [],
  );
const finalFile = async (run: RunDirectory, name: string) => {
  const { checkpoint } = await latestCheckpoint(run);
  return Buffer.from(await checkpoint!.readFile(name));
};

test('a run writes its config, metrics, checkpoints, summary and report', async () => {
  const config = tinyConfig(await pictureFolder());
  const { run, summary } = await train(config, temporaryFolder(), { renderReport });
  const written = JSON.parse(readFileSync(run.file('summary.json'), 'utf8'));
  const { sha256, metrics, ...figures } = written;
  expect(figures).toEqual(JSON.parse(JSON.stringify(summary)));
  expect(sha256).toMatch(/^[0-9a-f]{64}$/);
  expect(metrics.bytes).toBe(readFileSync(run.file('metrics.jsonl')).length);
  for (const part of [written.heldOut, written.untrained]) {
    expect(Object.keys(part.tprAtFpr)).toEqual(['1e-1', '1e-2', '1e-3', '1e-4']);
    expect(part.auroc).toBeGreaterThanOrEqual(0);
    const images = written.splits.test * 9;
    expect(part.pairs.positive + part.pairs.negative).toBe((images * (images - 1)) / 2);
    expect(part.pairs.positive).toBe(written.splits.test * 36);
  }
  expect(written).toMatchObject({ steps: 6, backend: 'wasm', imagesSeen: 24 });
  expect(written.imagesPerSecond).toBeGreaterThan(0);
  expect((await losses(run)).map(([step]) => step)).toEqual([1, 2, 3, 4, 5, 6]);
  expect(readFileSync(run.file('report.html'), 'utf8')).toContain('<svg');
  // Keys are timm's without a prefix; convolutions are OIHW.
  const backbone = readSafetensors(await finalFile(run, 'backbone.safetensors')).tensors;
  expect(backbone.get('conv_stem.weight')!.shape).toEqual([8, 3, 3, 3]);
  expect(backbone.get('blocks.0.0.conv_dw.weight')!.shape).toEqual([8, 1, 3, 3]);
});

test('trains on generated faces and names them in the report', async () => {
  const source = 'source: faces, identities: 30, imageSize: 32, workers: 0';
  const split = 'split: { train: 0.6, validation: 0.2, test: 0.2 }';
  const { data } = parseConfig(`data: { ${source}, ${split} }`);
  const config: Config = { ...tinyConfig('.'), data, output: { directory: 'runs', plots: ['svg', 'png'] } };
  const { run, summary } = await train(config, temporaryFolder());
  expect(summary!.splits.train + summary!.splits.validation + summary!.splits.test).toBe(30);
  const report = JSON.parse(readFileSync(run.file('report.json'), 'utf8'));
  expect(report).toMatchObject({ title: 'Generated faces', subject: { one: 'face', many: 'faces' } });
  for (const ending of ['svg', 'png']) expect(existsSync(run.file(`plots/roc.${ending}`))).toBe(true);
});

test('a resumed run gives the same numbers as an uninterrupted one', async () => {
  const data = await pictureFolder();
  const extra = 'optimizer: { ema: { decay: 0.9 } }\nloss: { warmup: { steps: 4, scaleFrom: 16 } }';
  const config = tinyConfig(data, extra);
  const whole = await train(config, temporaryFolder());
  for (const stopAfter of [1, 4]) {
    const base = temporaryFolder();
    const stop = new AbortController();
    const progress = {
      ...silentProgress(),
      step: ({ step }: { step: number }) => void (step === stopAfter && stop.abort()),
    };
    const first = await train(config, base, { progress, signal: stop.signal });
    expect(first.summary).toBeNull();
    expect(first.step).toBe(stopAfter);
    const resumed = await train(config, base, { resume: true });
    expect(await losses(resumed.run)).toEqual(await losses(whole.run));
    for (const file of [
      'backbone.safetensors',
      'head.safetensors',
      'classes.safetensors',
      'optimizer.safetensors',
      'raw.safetensors',
    ]) {
      expect((await finalFile(resumed.run, file)).equals(await finalFile(whole.run, file)), file).toBe(true);
    }
    expect(resumed.summary!.heldOut).toEqual(whole.summary!.heldOut);
    expect(resumed.summary!.untrained).toEqual(whole.summary!.untrained);
  }
});

test('the same seed reproduces a run, and another seed does not', async () => {
  const data = await pictureFolder();
  const config = tinyConfig(data, 'seed: 3');
  const [a, b] = [await train(config, temporaryFolder()), await train(config, temporaryFolder())];
  expect(await losses(a.run)).toEqual(await losses(b.run));
  const other = await train(tinyConfig(data, 'seed: 4'), temporaryFolder());
  expect(await losses(other.run)).not.toEqual(await losses(a.run));
});

test.each(['arcface', 'combined', 'softmax'])(
  '%s trains with SGD and another neck and norm',
  async (name) => {
    const choice = {
      arcface: ['flatten', 'layernorm'],
      combined: ['gap', 'batchnorm'],
      softmax: ['squeeze', 'layernorm-batchnorm'],
    }[name]!;
    const config = tinyConfig(
      await pictureFolder(),
      `loss: { name: ${name}, scale: 16 }\noptimizer: { name: sgd, lr: 0.05 }`,
    );
    config.model = { ...config.model, neck: choice[0], norm: choice[1] } as Config['model'];
    if (config.model.neck === 'squeeze') config.model.squeezeRatio = 0.25;
    const { run, summary } = await train(config, temporaryFolder());
    expect(summary!.steps).toBe(6);
    for (const [, loss] of await losses(run)) expect(Number.isFinite(loss)).toBe(true);
  },
);

test('a non-finite loss stops the run, reports step, rate and norms, and keeps the last checkpoint', async () => {
  const config = tinyConfig(
    await pictureFolder(),
    'optimizer: { lr: 1e38, clipNorm: null }\nschedule: { warmup: 0 }',
  );
  config.training.checkpointEvery = 1;
  const base = temporaryFolder();
  const error = await train(config, base).catch((thrown) => thrown);
  expect(error).toBeInstanceOf(NotFiniteError);
  expect(error.message).toMatch(
    /stopped at step \d+: the loss is .*norm.*learning rate.*largest weights by norm: .+/,
  );
  const { checkpoint, damaged } = await latestCheckpoint(
    await RunDirectory.openForReading(join(base, 'run')),
  );
  expect(checkpoint!.step).toBeGreaterThanOrEqual(1);
  expect(damaged).toEqual([]);
});

test('reports and skips unreadable images', async () => {
  const data = await pictureFolder();
  const whole = readFileSync(join(data, '001.png'));
  writeFileSync(join(data, 'cut-off.png'), whole.subarray(0, whole.length / 2));
  writeFileSync(join(data, 'text.jpg'), 'not an image');
  const progress = silentProgress();
  const { summary } = await train(tinyConfig(data), temporaryFolder(), { progress });
  expect(summary!.skipped).toBe(2);
  expect(progress.notes.join('\n')).toMatch(/cut-off\.png/);
  expect(progress.notes.join('\n')).toMatch(/text\.jpg/);
});

test('evaluate reproduces the figures of the run and excludes seen identities unless asked for all', async () => {
  const data = await pictureFolder();
  const config = tinyConfig(data);
  const { run, summary } = await train(config, temporaryFolder());
  const own = await runEvaluation({ checkpoint: run.path, progress: silentProgress() });
  expect(own.heldOut).toEqual(summary!.heldOut);
  expect(own.untrained?.tprAtFpr).toEqual(summary!.untrained!.tprAtFpr);
  const { aurocInterval, intervals, intervalsOver } = own.heldOut!;
  expect(intervalsOver).toBe('identities');
  expect(aurocInterval!.low).toBeLessThanOrEqual(own.heldOut!.auroc);
  expect(aurocInterval!.high).toBeGreaterThanOrEqual(own.heldOut!.auroc);
  expect(Object.keys(intervals!)).toEqual(
    Object.keys(own.heldOut!.tprAtFpr).filter((key) => own.heldOut!.resolved![key]),
  );
  const sameFolder = await runEvaluation({ checkpoint: run.path, data, progress: silentProgress() });
  expect(sameFolder.heldOut).toEqual(summary!.heldOut);
  const others = await runEvaluation({
    checkpoint: run.path,
    data,
    identities: 'all',
    progress: silentProgress(),
  });
  expect(others.heldOut!.identities).toBe(24);
  // A training that goes on deletes its older checkpoints at any time.
  const progress = {
    ...silentProgress(),
    phase: (text: string | null) => {
      if (text?.startsWith('measuring')) rmSync(run.file('checkpoints'), { recursive: true, force: true });
    },
  };
  const vanishing = await runEvaluation({ checkpoint: run.path, progress });
  expect(vanishing.heldOut).toEqual(summary!.heldOut);
});

test('a training step leaks no tensors, and memory stays constant over 150 steps', {
  timeout: 120_000,
}, async () => {
  await useBackend('wasm');
  const config = tinyConfig(await pictureFolder());
  config.training.steps = 170;
  const loader = await BatchLoader.create({
    source: sourceSpec(config.data, 0),
    size: 32,
    batchSize: 4,
    seed: 0,
    augment: false,
  });
  const batches = [await loader.next(), await loader.next()];
  await loader.close();
  const state = new TrainingState(config, 24);
  const step = createTrainingStep(config, state);
  const run = (i: number) => step({ ...batches[i % 2], step: i, share: 1 });
  // The first steps create the optimizer's state and the backend's caches.
  for (let i = 0; i < 20; i++) await run(i);
  const { wasm } = tf.backend() as unknown as { wasm: { HEAPU8: Uint8Array } };
  const before = { ...tf.memory(), heap: wasm.HEAPU8.length };
  for (let i = 20; i < 170; i++) {
    await run(i);
    if (i === 20) expect(tf.memory().numTensors).toBe(before.numTensors);
  }
  const after = { ...tf.memory(), heap: wasm.HEAPU8.length };
  expect(after).toEqual(before);
  state.dispose();
});
