import { readSafetensors } from '@unitsphere/core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parseConfig } from '../src/config/parse-config.js';
import type { StepMetrics } from '../src/report/data.js';
import { latestCheckpoint } from '../src/run/checkpoints.js';
import { readMetrics } from '../src/run/metrics-log.js';
import type { RunDirectory } from '../src/run/run-directory.js';
import { TrainingState } from '../src/step/training-state.js';
import { ReplicaStepsPool } from './fixtures/replica-steps-pool.js';
import { pictureFolder, repeatLastSteps, temporaryFolder, tinyConfig, train } from './fixtures.js';

let pool: ReplicaStepsPool;
beforeAll(() => {
  pool = new ReplicaStepsPool();
});
afterAll(() => pool.close());

const settings = (loss: string) => `
data: { imageSize: 32, augment: false, imagesPerClass: 2 }
model: { backbone: lcnet_035, neck: gap, embeddingSize: 16, norm: layernorm }
loss: { ${loss} }
optimizer: { lr: 2e-3, clipNorm: 1 }
training: { steps: 30, batchSize: 12 }`;

const MEMORY =
  'name: cosface, pairs: { name: contrastive, weight: 0.5, memory: 24, miner: { name: pair-margin } }';

describe('replicas', () => {
  test.each([
    [
      'a margin loss beside multi-similarity with its miner',
      2,
      'name: cosface, pairs: { name: multi-similarity, miner: { name: multi-similarity } }',
    ],
    ['a margin loss beside supcon', 4, 'name: cosface, pairs: { name: supcon }'],
    ['proxies alone', 3, 'name: none, pairs: { name: proxy-anchor }'],
    ['a memory and a miner', 2, MEMORY],
  ])('%s on %i replicas give the losses of one up to rounding', async (_, size, loss) => {
    const steps = { config: settings(loss), classes: 5, count: 12, withoutBatchNorm: true };
    const [one, more] = [await pool.run(1, steps), await pool.run(size, steps)];
    // The fixture repeats four batches.
    const sum = (losses: number[]) => losses.reduce((total, value) => total + value, 0);
    expect(sum(one.losses.slice(-4))).toBeLessThan(sum(one.losses.slice(0, 4)));
    expect(one.tensors[1]).toBe(one.tensors[0]);
    for (const state of more.states) expect(state).toEqual(more.states[0]);
    one.losses.forEach((value, i) => {
      expect(Math.abs(more.losses[i] - value), `step ${i}`).toBeLessThan(2e-4 * Math.max(1, value));
    });
  });
});

describe('a run', () => {
  const lossesOf = async (run: RunDirectory) =>
    (await readMetrics(run.file('metrics.jsonl'))).flatMap((record) => ('loss' in record ? [record] : []));

  test.each([
    [
      'with a memory and drawn negatives',
      'name: cosface, pairs: { name: margin, learnBeta: true, memory: 16, miner: { name: distance-weighted } }',
    ],
    ['with proxies alone', 'name: none, pairs: { name: soft-triple, centersPerClass: 2 }'],
  ])('%s resumes where it was', async (_, loss) => {
    const config = tinyConfig(await pictureFolder(), `loss: { ${loss} }`);
    config.data.imagesPerClass = 2;
    const base = temporaryFolder();
    const expected = await lossesOf((await train(config, base)).run);
    const resumed = await repeatLastSteps(config, base);
    const found = await lossesOf(resumed.run);
    expect(expected.length).toBeGreaterThan(3);
    expect(found.map((record) => record.loss)).toEqual(expected.map((record) => record.loss));

    const { checkpoint } = await latestCheckpoint(resumed.run);
    const { tensors } = readSafetensors(Buffer.from(await checkpoint!.readFile('pairs.safetensors')));
    expect([...tensors.keys()]).toContain('parameters.0');
    expect(tensors.has('memory.embeddings')).toBe(loss.includes('memory'));
    if (loss.includes('cosface')) {
      const { loss: sum, marginLoss, pairLoss } = expected.at(-1) as Partial<StepMetrics>;
      expect(marginLoss! + pairLoss!).toBeCloseTo(sum!, 4);
    }
  });
});

describe('the config', () => {
  const problems =
    (loss: string, rest = '') =>
    () =>
      parseConfig(`data: { imagesPerClass: 2 }\nloss: { ${loss} }\n${rest}`);

  test('completes the settings of loss and miner', () => {
    const { pairs } = parseConfig(settings(MEMORY)).loss;
    expect(pairs).toEqual({
      name: 'contrastive',
      weight: 0.5,
      posMargin: 0,
      negMargin: 1,
      memory: 24,
      miner: { name: 'pair-margin', posMargin: 0.2, negMargin: 0.8 },
    });
    expect(parseConfig('').loss.pairs).toBeNull();
  });

  test.each([
    ['name: none', 'none trains nothing without loss.pairs'],
    ['pairs: { name: supcon, margin: 0.1 }', 'supcon has no margin (only temperature)'],
    ['pairs: { name: supcon, temperature: 0 }', 'loss.pairs.temperature'],
    ['pairs: { name: supcon, miner: { name: angular, epsilon: 1 } }', 'angular has no epsilon'],
    ['pairs: { name: proxy-anchor, memory: 100 }', 'compares a batch with itself only'],
    ['pairs: { name: supcon, memory: 8 }', '8 is less than training.batchSize (64)'],
    ['pairs: { name: triplet-margin, swap: true, memory: 100 }', 'is not possible with loss.pairs.memory'],
    [
      'name: none, centerInitStd: 1, partialFc: { store: file }, pairs: { name: supcon }',
      'no margin and no class centers',
    ],
  ])('refuses loss: { %s }', (loss, message) => {
    expect(problems(loss)).toThrow(message);
  });

  test('refuses batches without positive pairs, and unequal batches of smooth-ap', () => {
    expect(() => parseConfig('loss: { pairs: { name: supcon } }')).toThrow('a batch has no positive pairs');
    expect(() => parseConfig('loss: { pairs: { name: proxy-nca } }')).not.toThrow();
    const config = parseConfig(settings('name: none, pairs: { name: smooth-ap }'));
    expect(() => new TrainingState(config, 5)).toThrow('an epoch of 10 images ends within a batch of 12');
  });
});
