/** The result does not depend on the number of ranks, up to rounding. */
import * as tf from '@tensorflow/tfjs-core';
import { soloCommunicator } from '@unitsphere/collectives';
import { AdaFace } from '@unitsphere/margin-losses';
import { backends, start } from '@unitsphere/testing/backends';
import { afterAll, expect, test } from 'vitest';
import { hostStore, PartialFC, RowAdamW } from '../src/index.js';
import { RankPool } from './fixtures/rank-pool.js';
import { type Scenario, trainShard } from './fixtures/train-shard.js';
import { fill, relativeError } from './reference.js';

const pool = new RankPool();
afterAll(() => pool.close());

const trainOnRanks = (size: number, scenario: Scenario) => pool.run(size, 'trainShard', scenario);

const scenarios: [string, Scenario][] = [
  ['the full softmax', { backend: 'wasm', classes: 23, optimizer: 'adamw', batches: [8, 5, 12, 7] }],
  [
    'a sample',
    { backend: 'wasm', classes: 101, sampledClasses: 30, optimizer: 'adamw', batches: [8, 5, 12, 7] },
  ],
  ['SGD', { backend: 'wasm', classes: 101, sampledClasses: 30, optimizer: 'sgd', batches: [8, 3, 12] }],
  [
    'rows that are caught up',
    { backend: 'wasm', classes: 101, sampledClasses: 20, optimizer: 'caught up', batches: [8, 9, 12, 8, 10] },
  ],
  [
    'more positives than the sample',
    { backend: 'wasm', classes: 40, sampledClasses: 2, optimizer: 'adamw', batches: [12, 3] },
  ],
  [
    'AdaFace',
    {
      backend: 'wasm',
      classes: 101,
      sampledClasses: 30,
      optimizer: 'adamw',
      loss: 'adaface',
      batches: [8, 5, 12, 7],
    },
  ],
  [
    'CurricularFace',
    {
      backend: 'wasm',
      classes: 101,
      sampledClasses: 30,
      optimizer: 'adamw',
      loss: 'curricularface',
      batches: [8, 5, 12],
    },
  ],
  [
    'SubCenterArcFace, filtered',
    {
      backend: 'wasm',
      classes: 101,
      sampledClasses: 30,
      optimizer: 'adamw',
      loss: 'subcenters',
      filterThreshold: 0.3,
      batches: [8, 5, 12],
    },
  ],
  [
    'CurricularFace, filtered, fewer classes than ranks',
    {
      backend: 'cpu',
      classes: 3,
      optimizer: 'sgd',
      loss: 'curricularface',
      filterThreshold: 0.3,
      batches: [6, 2, 5],
    },
  ],
  [
    'AdaFace, fewer classes than ranks',
    { backend: 'cpu', classes: 3, optimizer: 'sgd', loss: 'adaface', batches: [6, 2, 5] },
  ],
  [
    'SphereFace',
    {
      backend: 'wasm',
      classes: 101,
      sampledClasses: 30,
      optimizer: 'sgd',
      loss: 'sphereface',
      batches: [8, 3],
    },
  ],
  ['fewer classes than ranks', { backend: 'cpu', classes: 3, optimizer: 'adamw', batches: [6, 2, 5] }],
  ['one class', { backend: 'cpu', classes: 1, optimizer: 'sgd', batches: [3, 2] }],
];

test.each(scenarios)(
  'two and four ranks match a single rank: %s',
  { timeout: 60_000 },
  async (_name, scenario) => {
    const one = await trainShard(soloCommunicator(), scenario);
    expect(one.losses.every(Number.isFinite)).toBe(true);
    expect(one.leaked).toBe(0);
    for (const size of [2, 4]) {
      const many = await trainOnRanks(size, scenario);
      expect(relativeError(many.losses, one.losses), `losses of ${size}`).toBeLessThan(2e-6);
      expect(relativeError(many.squareSums, one.squareSums)).toBeLessThan(1e-5);
      one.embeddingGradients.forEach((gradient, step) => {
        expect(relativeError(many.embeddingGradients[step], gradient), `step ${step}`).toBeLessThan(1e-5);
      });
      expect(relativeError(many.centers, one.centers)).toBeLessThan(1e-5);
      expect(many.leaked).toBe(0);
      for (const statistics of many.statistics) {
        expect(statistics).toEqual(many.statistics[0]);
        expect(relativeError(statistics, one.statistics[0])).toBeLessThan(1e-6);
      }
    }
  },
);

test('an invalid row of one rank throws on all of them, and they can continue', {
  timeout: 60_000,
}, async () => {
  for (const [fault, message] of [
    ['label', /RangeError: PartialFC: the label of row 6 of rank 3 is 23, but there are 23 classes/],
    ['nan', /NotFiniteError: .*(another rank's embedding or a class center|embedding 6 is NaN at index 7)/],
  ] as const) {
    const scenario: Scenario = { backend: 'wasm', classes: 23, optimizer: 'adamw', batches: [8, 16] };
    const one = await trainShard(soloCommunicator(), scenario);
    const many = await trainOnRanks(4, { ...scenario, fault });
    expect(many.errors.length).toBe(1);
    expect(many.errors[0]).toMatch(message);
    expect(relativeError(many.losses, one.losses)).toBeLessThan(2e-6);
    expect(relativeError(many.centers, one.centers)).toBeLessThan(1e-5);
    expect(many.leaked).toBe(0);
  }
});

test.each(backends)('another number of ranks can load a state: %s', async (backend) => {
  await start(backend);
  const [classes, dimensions] = [23, 4];
  const createRanks = (size: number) =>
    Array.from({ length: size }, (_, rank) => {
      const communicator = { ...soloCommunicator(), rank, size };
      const options = { classes, dimensions, loss: new AdaFace(), seed: 1, optimizer: new RowAdamW() };
      return new PartialFC({ ...options, communicator, store: hostStore() });
    });
  const whole = createRanks(1)[0];
  const embeddings = tf.tensor2d(fill(5 * dimensions, 1), [5, dimensions]);
  const labels = Int32Array.of(0, 22, 7, 11, 12);
  (await whole.forwardBackward(embeddings, labels)).embeddingGradient.dispose();
  await whole.step({ lr: 0.1 });
  const expected = await whole.stateDict();
  expect([...expected.keys()]).toEqual(
    expect.arrayContaining(['weight', 'loss.batch_mean', 'loss.batch_std']),
  );
  let states = [expected];
  for (const size of [4, 3, 2, 4, 1]) {
    const ranks = createRanks(size);
    for (const rank of ranks) {
      await rank.loadStateDict(...states);
      expect(rank.stepCount).toBe(1);
    }
    states = await Promise.all(ranks.map((rank) => rank.stateDict()));
    if (size > 1) await expect(whole.loadStateDict(...states.slice(1))).rejects.toThrow('no row for class 0');
  }
  expect(states[0]).toEqual(expected);
  embeddings.dispose();
});
