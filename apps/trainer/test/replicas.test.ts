import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ReplicaError } from '@unitsphere/collectives';
import { readSafetensors, writeSafetensors } from '@unitsphere/core';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { replicaCount } from '../src/replicas/replica-count.js';
import { renderReport } from '../src/report/index.js';
import { latestCheckpoint } from '../src/run/checkpoints.js';
import { readMetrics } from '../src/run/metrics-log.js';
import { RunDirectory } from '../src/run/run-directory.js';
import { bundleFixture } from './fixtures/bundle.js';
import type { Steps } from './fixtures/replica-steps.js';
import { ReplicaStepsPool } from './fixtures/replica-steps-pool.js';
import { pictureFolder, silentProgress, temporaryFolder, tinyConfig, train } from './fixtures.js';

let pool: ReplicaStepsPool;
let replicaFile: string;
beforeAll(() => {
  pool = new ReplicaStepsPool();
  replicaFile = bundleFixture('replica-worker');
});
afterAll(() => pool.close());

const stepsOn = (size: number, steps: Steps) => pool.run(size, steps);

const settings = ({
  batch = 12,
  optimizer = 'adamw',
  norm = 'layernorm',
  steps = 20,
  loss = 'cosface',
  syncBatchNorm = false,
  lr = undefined as number | undefined,
} = {}) => `
data: { imageSize: 32, augment: false }
model: { backbone: lcnet_035, neck: gap, embeddingSize: 16, norm: ${norm} }
loss: { name: ${loss}, margin: 0.2, warmup: { steps: 5 } }
optimizer: { name: ${optimizer}, lr: ${lr ?? (optimizer === 'adamw' ? 2e-3 : 0.02)}, clipNorm: 1, ema: { decay: 0.9 } }
training: { steps: ${steps}, batchSize: ${batch}, syncBatchNorm: ${syncBatchNorm} }`;

describe('without batch norm', () => {
  test.each([
    ['two replicas', 2, 12, 'cosface'],
    ['three replicas with unequal parts', 3, 13, 'cosface'],
    ['three replicas with AdaFace, whose statistics cover all images,', 3, 13, 'adaface'],
    ['two replicas with CurricularFace', 2, 12, 'curricularface'],
  ])('%s give the loss curve of one up to rounding', async (_, size, batch, loss) => {
    const steps = { config: settings({ batch, loss }), classes: 11, count: 20, withoutBatchNorm: true };
    const [one, more] = [await stepsOn(1, steps), await stepsOn(size, steps)];
    expect(one.losses.at(-1)).toBeLessThan(one.losses[0] - 1);
    for (const state of more.states) {
      expect(Buffer.compare(bytes(state), bytes(more.states[0]))).toBe(0);
    }
    one.losses.forEach((loss, i) => {
      expect(Math.abs(more.losses[i] - loss), `step ${i}`).toBeLessThan(1e-4 * loss);
      const norm = one.gradientNorms[i];
      expect(Math.abs(more.gradientNorms[i] - norm), `step ${i}`).toBeLessThan(2e-3 * norm);
    });
  });
});

test('with synchronized batch norm, two and four replicas equal one up to rounding over 100 steps', async () => {
  // Small steps, because those of a training amplify rounding.
  const config = settings({
    optimizer: 'sgd',
    lr: 5e-4,
    norm: 'layernorm-batchnorm',
    batch: 9,
    steps: 100,
    syncBatchNorm: true,
  });
  const steps = { config, classes: 11, count: 100, withoutBatchNorm: false };
  const one = await stepsOn(1, steps);
  expect(one.losses.at(-1)).toBeLessThan(one.losses[0] - 1);
  for (const size of [2, 4]) {
    const { losses, states, tensors } = await stepsOn(size, steps);
    losses.forEach((loss, i) => {
      expect(Math.abs(loss - one.losses[i]), `step ${i}`).toBeLessThan(1e-4 * one.losses[i]);
    });
    expect(relativeDifference(states[0], one.states[0])).toBeLessThan(2e-4);
    expect(tensors[1]).toBe(tensors[0]);
    for (const state of states) expect(Buffer.compare(bytes(state), bytes(states[0]))).toBe(0);
  }
});

/** Returns |a − b| / |b| of two vectors. */
function relativeDifference(a: Float32Array, b: Float32Array): number {
  const squares = (values: Float32Array) => values.reduce((sum, value) => sum + value ** 2, 0);
  return Math.sqrt(squares(a.map((value, i) => value - b[i])) / squares(b));
}

describe.each(['adamw', 'sgd'])('with batch norm and %s', (optimizer) => {
  test('all ranks are bit-identical after 20 steps, leak no tensors, and repeat exactly', async () => {
    const config = settings({ optimizer, norm: 'layernorm-batchnorm', batch: 13, steps: 20 });
    const steps = { config, classes: 11, count: 20, withoutBatchNorm: false };
    const { states, losses, tensors } = await stepsOn(2, steps);
    expect(states.length).toBe(2);
    expect(states[0].length).toBeGreaterThan(10_000);
    expect(Buffer.compare(bytes(states[0]), bytes(states[1]))).toBe(0);
    expect(states[0].every(Number.isFinite)).toBe(true);
    expect(tensors[1]).toBe(tensors[0]);
    expect((await stepsOn(2, steps)).losses).toEqual(losses);
  });
});

const bytes = ({ buffer, byteOffset, byteLength }: Float32Array) =>
  Buffer.from(buffer, byteOffset, byteLength);
const losses = async (run: RunDirectory) =>
  (await readMetrics(run.file('metrics.jsonl'))).flatMap((record) => ('loss' in record ? [record.loss] : []));
const FILES = ['backbone', 'head', 'classes', 'optimizer', 'raw', 'ema'].map((name) => `${name}.safetensors`);
const lastFile = async (run: RunDirectory, name: string) => {
  const { checkpoint } = await latestCheckpoint(run);
  return Buffer.from(await checkpoint!.readFile(name));
};
const twoReplicas = async () => {
  const config = tinyConfig(await pictureFolder(), 'optimizer: { ema: { decay: 0.9 } }');
  config.training.replicas = 2;
  return config;
};
const stopAfter = (last: number) => {
  const stop = new AbortController();
  const step = ({ step }: { step: number }) => void (step === last && stop.abort());
  return { signal: stop.signal, progress: { ...silentProgress(), step }, replicaFile };
};

test('a run on two replicas reports them, and a resumed run equals an uninterrupted one', async () => {
  const config = await twoReplicas();
  const progress = silentProgress();
  const whole = await train(config, temporaryFolder(), { replicaFile, progress, renderReport });
  expect(whole.summary).toMatchObject({ replicas: 2, steps: 6, imagesSeen: 24 });
  expect(progress.notes).toContain('2 replicas share every batch');
  expect(readFileSync(whole.run.file('report.html'), 'utf8')).toContain('<dt>Replicas</dt><dd>2</dd>');

  const base = temporaryFolder();
  const first = await train(config, base, stopAfter(2));
  expect(first).toMatchObject({ summary: null, step: 2 });
  const resumed = await train(config, base, { resume: true, replicaFile });
  expect(await losses(resumed.run)).toEqual(await losses(whole.run));
  for (const file of FILES) {
    expect((await lastFile(resumed.run, file)).equals(await lastFile(whole.run, file)), file).toBe(true);
  }
  expect(resumed.summary!.heldOut).toEqual(whole.summary!.heldOut);
});

test('one replica reads the pretrained weights, and all of them use them', async () => {
  const config = await twoReplicas();
  const weights = join(temporaryFolder(), 'weights.safetensors');
  const stopped = new AbortController();
  stopped.abort();
  const before = await train(config, temporaryFolder(), { signal: stopped.signal, replicaFile });
  writeFileSync(weights, scaleNorms(await lastFile(before.run, 'backbone.safetensors')));
  config.model.pretrained = weights;
  process.env.UNITSPHERE_TEST_SECRET = weights;
  onTestFinished(() => void delete process.env.UNITSPHERE_TEST_SECRET);
  const two = await train(config, temporaryFolder(), { replicaFile });
  const one = { ...config, training: { ...config.training, replicas: 1 as const } };
  const alone = await train(one, temporaryFolder());
  // Each replica embeds half of the images.
  expect(two.summary!.untrained).toEqual(alone.summary!.untrained);
});

/** Returns the weights with every second channel of each norm doubled. */
function scaleNorms(file: Uint8Array): Uint8Array {
  const { tensors } = readSafetensors(file);
  for (const [name, { data }] of tensors) {
    if (/bn\d\.weight$/.test(name)) for (let i = 0; i < data.length; i += 2) (data as Float32Array)[i] *= 2;
  }
  return writeSafetensors(tensors);
}

test('every replica uses a lower precision, shown in notes, metrics, summary and report', async () => {
  const config = await twoReplicas();
  // Batch norm over two images would amplify small differences.
  config.training.batchSize = 12;
  const run = async (matmul: 'highest' | 'medium', activations: 'float32' | 'bfloat16') => {
    const progress = silentProgress();
    const { run, summary } = await train(
      { ...config, precision: { matmul, activations } },
      temporaryFolder(),
      { replicaFile, progress, renderReport },
    );
    const records = await readMetrics(run.file('metrics.jsonl'));
    const report = readFileSync(run.file('report.html'), 'utf8');
    return { losses: await losses(run), summary: summary!, notes: progress.notes, records, report };
  };
  const [plain, two] = [await run('highest', 'float32'), await run('medium', 'bfloat16')];
  const used = 'bfloat16 inputs, emulated by rounding to nearest even, float32 accumulation';
  expect(two.summary.precision).toMatchObject({
    matmul: 'medium',
    activations: 'bfloat16',
    did: { conv2d: used, matMul: used },
  });
  expect(two.records[0]).toEqual({ step: 0, precision: two.summary.precision });
  expect(two.notes).toContain(
    `products of medium precision (matMul, pointwiseConv2d, conv2d, selfAttention: ${used}); activations are saved for the backward pass in bfloat16`,
  );
  expect(two.report).toContain('<dt>Matrix precision</dt><dd>medium</dd>');
  expect(two.report).toContain('<dt>Activations</dt><dd>bfloat16</dd>');
  expect(two.report).toContain(`Matrix products in training: ${used}.`);
  expect(plain.summary.precision).toMatchObject({ matmul: 'highest', did: { conv2d: 'float32' } });
  expect(plain.report).not.toContain('Matrix ');
  expect(plain.records[0]).toHaveProperty('loss');
  const deviation = Math.abs((two.losses[0] as number) / (plain.losses[0] as number) - 1);
  expect(deviation).toBeGreaterThan(1e-6);
  // Batch norm over six images a replica amplifies the rounding: 2 to 6 % over five seeds.
  expect(deviation).toBeLessThan(0.1);
});

test('a checkpoint does not depend on the number of replicas and can be resumed with another', async () => {
  const config = await twoReplicas();
  const base = temporaryFolder();
  const { run } = await train(config, base, stopAfter(3));
  const classes = JSON.parse(readFileSync(run.file('identities.json'), 'utf8')).train.length;
  const centers = readSafetensors(await lastFile(run, 'classes.safetensors')).tensors;
  expect([...centers].map(([name, { shape }]) => [name, shape])).toEqual([['weight', [classes, 16]]]);
  const moments = readSafetensors(await lastFile(run, 'optimizer.safetensors')).tensors;
  expect(moments.get('centers.exp_avg')!.shape).toEqual([classes, 16]);

  const before = await Promise.all(FILES.map((file) => lastFile(run, file)));
  const on = (replicas: number, steps: number) => {
    // Each of three replicas has two images.
    const batchSize = replicas === 3 ? 6 : config.training.batchSize;
    return { ...config, training: { ...config.training, replicas, steps, batchSize } };
  };
  for (const replicas of [1, 3]) {
    // Resuming without further steps reproduces the state exactly.
    const same = await train(on(replicas, 3), base, { resume: true, replicaFile });
    for (const [i, file] of FILES.entries()) {
      expect((await lastFile(same.run, file)).equals(before[i]), file).toBe(true);
    }
  }
  for (const [replicas, steps] of [
    [3, 5],
    [1, 6],
  ] as const) {
    const further = await train(on(replicas, steps), base, { resume: true, replicaFile });
    expect(further.summary!.steps).toBe(steps);
    for (const loss of await losses(further.run)) expect(Number.isFinite(loss)).toBe(true);
  }
});

test.each([
  ['throws', /^replica 1 failed: a fault in the replica$/],
  ['exits', /^replica 1 failed: the thread ended by itself with code 7$/],
])(
  'a replica that %s ends the run with its error and leaves a complete checkpoint',
  async (death, message) => {
    process.env.UNITSPHERE_TEST_DEATH = death;
    onTestFinished(() => void delete process.env.UNITSPHERE_TEST_DEATH);
    const base = temporaryFolder();
    const error = await train(await twoReplicas(), base, { replicaFile }).catch((thrown) => thrown);
    expect(error).toBeInstanceOf(ReplicaError);
    expect(error.message).toMatch(message);
    if (death === 'throws') expect(error.cause.stack).toContain('replica-worker');
    const { checkpoint, damaged } = await latestCheckpoint(
      await RunDirectory.openForReading(join(base, 'run')),
    );
    expect(checkpoint!.step).toBe(3);
    expect(damaged).toEqual([]);
  },
);

test('defaults to one replica per core on WebAssembly, with at least 8 images each', () => {
  const auto = { wanted: 'auto', backend: 'wasm', cores: 2, batchSize: 64 } as const;
  expect(replicaCount(auto)).toBe(2);
  expect(replicaCount({ ...auto, cores: 64, batchSize: 1024 })).toBe(16);
  expect(replicaCount({ ...auto, cores: 64 })).toBe(8);
  expect(replicaCount({ ...auto, batchSize: 4 })).toBe(1);
  expect(replicaCount({ ...auto, backend: 'cpu' })).toBe(1);
  expect(replicaCount({ ...auto, backend: 'cpu', wanted: 2 })).toBe(2);
  expect(() => replicaCount({ ...auto, backend: 'webgpu', wanted: 2 })).toThrow(
    'training.replicas is 2, but the backend webgpu trains on one replica',
  );
});
