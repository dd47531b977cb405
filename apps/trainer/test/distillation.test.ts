import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { readSafetensors } from '@unitsphere/core';
import { readGolden } from '@unitsphere/testing/golden';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Config } from '../src/config/config.js';
import { renderReport } from '../src/report/index.js';
import { latestCheckpoint } from '../src/run/checkpoints.js';
import { readMetrics } from '../src/run/metrics-log.js';
import type { RunDirectory } from '../src/run/run-directory.js';
import { UserError } from '../src/user-error.js';
import { bundleFixture } from './fixtures/bundle.js';
import type { Steps } from './fixtures/replica-steps.js';
import { ReplicaStepsPool } from './fixtures/replica-steps-pool.js';
import {
  pictureFolder,
  repeatLastSteps,
  silentProgress,
  temporaryFolder,
  tinyConfig,
  train,
} from './fixtures.js';

let pool: ReplicaStepsPool;
let replicaFile: string;
beforeAll(() => {
  pool = new ReplicaStepsPool();
  replicaFile = bundleFixture('replica-worker');
});
afterAll(() => pool.close());

/** Writes a small network to a file: [batch, 3, 16, 16] to [batch, 5]. */
function writeTeacher(): string {
  const file = join(temporaryFolder(), 'teacher.onnx');
  const [small] = readGolden<{ name: string; model: string }>('onnx_teacher').cases;
  writeFileSync(file, Buffer.from(small.model, 'base64'));
  return file;
}

const withTeacher = async (more = '', teacher = writeTeacher()): Promise<Config> =>
  tinyConfig(
    await pictureFolder(),
    `optimizer: { ema: { decay: 0.9 } }
distillation:
  teacher: { onnx: ${JSON.stringify(teacher)}, preprocessing: { imageSize: 16 } }
  cacheDir: ${JSON.stringify(temporaryFolder())}
  ${more}`,
  );
const records = async (run: RunDirectory) =>
  (await readMetrics(run.file('metrics.jsonl'))).filter((record) => 'loss' in record);
const figures = async (run: RunDirectory) =>
  (await records(run)).map(({ imagesPerSecond, lossMilliseconds, ...rest }) => rest);
const filesOf = async (run: RunDirectory) => {
  const { checkpoint } = await latestCheckpoint(run);
  return Promise.all(
    checkpoint!.files.map(async (name) => [name, await checkpoint!.readFile(name)] as const),
  );
};
const stopAfter = (last: number) => {
  const stop = new AbortController();
  const step = ({ step }: { step: number }) => void (step === last && stop.abort());
  return { signal: stop.signal, progress: { ...silentProgress(), step }, replicaFile };
};

test('a run with a teacher logs and reports its loss and both gradient norms, and ships no projection', async () => {
  const config = await withTeacher('loss: kl');
  const progress = silentProgress();
  const phases: (string | null)[] = [];
  progress.phase = (words) => void phases.push(words);
  const { run } = await train(config, temporaryFolder(), { progress, renderReport });
  const phase = phases.find((words) => words?.startsWith("the teacher's features: 0 of "));
  const count = Number(phase!.split(' ').at(-1));
  expect(count).toBeGreaterThan(8);
  expect(progress.notes.join('\n')).toMatch(
    new RegExp(`teacher: ${count} features of teacher\\.onnx.*0 of ${count} requested were cached`),
  );
  for (const record of await records(run)) {
    for (const name of ['distillationLoss', 'distillationGradientNorm', 'marginGradientNorm'])
      expect(record[name], `${name} of step ${record.step}`).toBeGreaterThan(0);
    expect(record.distillationWeight).toBe(1);
  }
  const files = Object.fromEntries(await filesOf(run));
  const keysOf = (name: string) => [...readSafetensors(files[name]).tensors.keys()];
  expect(keysOf('distillation.safetensors')).toEqual(['projection.weight']);
  expect([...keysOf('backbone.safetensors'), ...keysOf('head.safetensors')].join()).not.toContain(
    'projection',
  );
  const report = readFileSync(run.file('report.html'), 'utf8');
  expect(report).toContain('Distillation gradient over margin gradient');
  expect(report).toContain('id="plot-distillation-loss"');

  // Another run has the same clean images, so all features are cached.
  const again = silentProgress();
  await train(config, temporaryFolder(), { progress: again });
  expect(again.notes.join('\n')).toMatch(
    new RegExp(`${count} of ${count} requested were cached \\(100\\.0 %\\)`),
  );
});

describe.each(['augmented+clean', 'clean', 'augmented'] as const)('batch: %s', (batch) => {
  test('a resumed run is bit-identical to an uninterrupted one', async () => {
    const config = await withTeacher(`loss: kl\n  batch: ${batch}\n  warmupSteps: 2\n  decay: linear`);
    const base = temporaryFolder();
    const whole = await train(config, base);
    const seen = await figures(whole.run);
    const expected = new Map(await filesOf(whole.run));
    const resumed = await repeatLastSteps(config, base);
    expect(await figures(resumed.run)).toEqual(seen);
    expect(seen.map(({ distillationWeight }) => distillationWeight)).toEqual([0, 0.5, 1, 0.75, 0.5, 0.25]);
    for (const [name, bytes] of await filesOf(resumed.run))
      expect(Buffer.compare(bytes, expected.get(name)!), name).toBe(0);
  });
});

test('a resumed run on two replicas gives the figures of an uninterrupted one', async () => {
  const config = await withTeacher();
  config.training.replicas = 2;
  const whole = await train(config, temporaryFolder(), { replicaFile });
  const base = temporaryFolder();
  await train(config, base, stopAfter(2));
  const resumed = await train(config, base, { resume: true, replicaFile });
  expect(await figures(resumed.run)).toEqual(await figures(whole.run));
});

const settings = (distillation: string) => `
data: { imageSize: 32, augment: false }
model: { backbone: lcnet_035, neck: gap, embeddingSize: 16, norm: layernorm }
optimizer: { lr: 2e-3, clipNorm: 1 }
training: { steps: 12, batchSize: 12 }
${distillation}`;
const teacher = 'teacher: { onnx: none.onnx, preprocessing: { imageSize: 8 } }';
const stepsOn = (size: number, steps: Steps) => pool.run(size, steps);
const run = (distillation: string) => ({
  config: settings(distillation),
  classes: 11,
  count: 12,
  withoutBatchNorm: true,
});

describe.each(['augmented+clean', 'augmented'] as const)('without batch norm, batch: %s', (batch) => {
  test('the student approaches the teacher, and two replicas give the curve of one up to rounding', async () => {
    const steps = run(`distillation: { ${teacher}, loss: kl, weight: 2, batch: ${batch} }`);
    const [one, two] = [await stepsOn(1, steps), await stepsOn(2, steps)];
    expect(one.tensors[1]).toBe(one.tensors[0]);
    const [first, last] = [one.distillation[0], one.distillation.at(-1)!];
    expect(last.distillationLoss).toBeLessThan(0.8 * first.distillationLoss);
    expect(one.losses.at(-1)).toBeLessThan(one.losses[0]);
    one.losses.forEach((loss, i) => {
      expect(Math.abs(two.losses[i] - loss), `step ${i}`).toBeLessThan(1e-3 * loss);
      for (const [name, value] of Object.entries(one.distillation[i])) {
        const other = two.distillation[i][name as keyof typeof first];
        expect(Math.abs(other - value), `${name} of step ${i}`).toBeLessThan(5e-3 * value + 1e-9);
      }
    });
  });
});

test('a negligible weight gives the same losses as no teacher', async () => {
  const without = await stepsOn(1, run(''));
  const silent = run(`distillation: { ${teacher}, weight: 1e-30, batch: augmented }`);
  const heard = run(`distillation: { ${teacher}, weight: 10, batch: augmented }`);
  expect((await stepsOn(1, silent)).losses).toEqual(without.losses);
  expect((await stepsOn(1, heard)).losses.slice(1)).not.toEqual(without.losses.slice(1));
});

test('logs the gradient norms of the embeddings, including the weights', async () => {
  const [one, ten] = await Promise.all(
    [1, 10].map((weight) =>
      stepsOn(1, { ...run(`distillation: { ${teacher}, weight: ${weight} }`), count: 1 }),
    ),
  );
  const [a, b] = [one.distillation[0], ten.distillation[0]];
  expect(b.distillationGradientNorm / a.distillationGradientNorm).toBeCloseTo(10, 4);
  expect(b.marginGradientNorm).toBe(a.marginGradientNorm);
  expect(b.distillationLoss).toBe(a.distillationLoss);
});

test.each([
  ['that does not exist', 'none.onnx', undefined, /none\.onnx cannot be used: .*it does not exist/],
  ['that is damaged', 'bad.onnx', new Uint8Array(20).fill(8), /bad\.onnx cannot be used: .*cannot be loaded/],
])('a teacher file %s stops the training before the run is created', async (_, name, bytes, message) => {
  const file = join(temporaryFolder(), name);
  if (bytes) writeFileSync(file, bytes);
  const config = await withTeacher('', file);
  const base = temporaryFolder();
  const error = await train(config, base).catch((thrown) => thrown);
  expect(error).toBeInstanceOf(UserError);
  expect(error.message).toMatch(message);
  expect(() => readFileSync(join(base, 'run', 'config.yaml'))).toThrow(/ENOENT/);
});
