/** Rows that are not sampled: frozen, or updated as a dense optimizer does with a gradient of 0. */
import * as tf from '@tensorflow/tfjs-core';
import { CosFace } from '@unitsphere/margin-losses';
import { adamWUpdate, sgdUpdate } from '@unitsphere/ops';
import { start } from '@unitsphere/testing/backends';
import { beforeEach, describe, expect, test } from 'vitest';
import {
  deviceStore,
  hostStore,
  PartialFC,
  RowAdamW,
  type RowOptimizer,
  RowSGD,
  type Sampler,
} from '../src/index.js';
import { fill, lossOnTape, relativeError } from './reference.js';

const [classes, dimensions] = [9, 4];
const loss = new CosFace({ scale: 16, margin: 0.2 });
// Class 8 is sampled in the first, the fourth and the last step, class 7 never, the others in turn.
const labelsAt = (step: number, steps: number) =>
  Int32Array.of(step === 0 || step === 3 || step === steps - 1 ? 8 : step % 5, (step * 2) % 7);
const unique = (labels: Int32Array) => Int32Array.from(new Set(labels)).sort();
const sampler: Sampler = { samplesAll: false, sample: unique };

type Update = (
  p: tf.Variable,
  g: tf.Tensor,
  state: [tf.Variable, tf.Variable],
  step: { lr: number; step: number },
) => void;

const adamW = { beta1: 0.9, beta2: 0.99, eps: 1e-8, weightDecay: 0.3 };
const cases: [string, () => RowOptimizer, Update][] = [
  [
    'AdamW',
    () => new RowAdamW({ ...adamW, betas: [0.9, 0.99], unsampled: 'caught-up' }),
    (p, g, [m, v], step) => adamWUpdate(p, g, m, v, { ...adamW, ...step }),
  ],
  [
    'AdamW whose eps matters',
    () => new RowAdamW({ ...adamW, betas: [0.9, 0.99], eps: 1, unsampled: 'caught-up' }),
    (p, g, [m, v], step) => adamWUpdate(p, g, m, v, { ...adamW, eps: 1, ...step }),
  ],
  [
    'AdamW whose mean outlives its square',
    () => new RowAdamW({ ...adamW, betas: [0.95, 0.5], unsampled: 'caught-up' }),
    (p, g, [m, v], step) => adamWUpdate(p, g, m, v, { ...adamW, beta1: 0.95, beta2: 0.5, ...step }),
  ],
  ...[
    { momentum: 0.9, dampening: 0, nesterov: false, weightDecay: 0.1 },
    { momentum: 0.8, dampening: 0.4, nesterov: false, weightDecay: 0.2 },
    { momentum: 0.9, dampening: 0, nesterov: true, weightDecay: 0.1 },
    { momentum: 0, dampening: 0, nesterov: false, weightDecay: 0.1 },
  ].map((options): (typeof cases)[number] => [
    `SGD ${JSON.stringify(options)}`,
    () => new RowSGD({ ...options, unsampled: 'caught-up' }),
    (p, g, [m], step) => sgdUpdate(p, g, options.momentum ? m : null, { ...options, ...step }),
  ]),
];

beforeEach(() => start('cpu'));

describe.each([
  ['device', deviceStore],
  ['host', hostStore],
] as const)('%s store', (_store, store) => {
  test.each(cases)(
    'caught-up rows equal those of the dense optimizer: %s',
    async (name, optimizer, update) => {
      // 280 steps are enough for the running means to become negligible. Where they never do, 40 suffice.
      const steps = name.includes('outlives') ? 40 : 280;
      const partialFC = new PartialFC({
        classes,
        dimensions,
        loss,
        sampler,
        optimizer: optimizer(),
        store: store(),
        seed: 1,
        initStd: 1,
      });
      const variable = (values: Float32Array) =>
        tf.tidy(() => tf.variable(tf.tensor2d(values, [classes, dimensions])));
      const dense = variable((await partialFC.store.readCenters(0, classes)).slice());
      const state: [tf.Variable, tf.Variable] = [
        variable(new Float32Array(classes * dimensions)),
        variable(new Float32Array(classes * dimensions)),
      ];
      for (let step = 0; step < steps; step++) {
        const labels = labelsAt(step, steps);
        const embeddings = tf.tensor2d(fill(2 * dimensions, step), [2, dimensions]);
        const lr = 0.002 * (1 + (step % 3));
        const result = await partialFC.forwardBackward(embeddings, labels);
        await partialFC.step({ lr });
        tf.tidy(() => {
          const rows = unique(labels);
          const active = tf.gather(dense, tf.tensor1d(rows, 'int32')) as tf.Tensor2D;
          const expected = lossOnTape(
            loss,
            embeddings,
            active,
            labels.map((label) => rows.indexOf(label)),
          );
          expect(Math.abs(result.loss - expected.loss)).toBeLessThan(2e-4);
          const gradient = tf.buffer([classes, dimensions]);
          rows.forEach((row, i) => {
            for (let d = 0; d < dimensions; d++) gradient.set(expected.centers[i * dimensions + d], row, d);
          });
          update(dense, gradient.toTensor(), state, { lr, step: step + 1 });
        });
        tf.dispose([embeddings, result.embeddingGradient]);
        const centers = await partialFC.store.readCenters(0, classes);
        const rowsNow = (values: ArrayLike<number>) =>
          [...unique(labels)].flatMap((row) =>
            Array.from(values).slice(row * dimensions, (row + 1) * dimensions),
          );
        expect(relativeError(rowsNow(centers), rowsNow(dense.dataSync())), `step ${step}`).toBeLessThan(1e-4);
      }
      partialFC.dispose();
      tf.dispose([dense, ...state]);
    },
  );

  test('a frozen row continues with its own momentum and step count', async () => {
    const adam = { beta1: 0.9, beta2: 0.999, eps: 1e-8, weightDecay: 0.1 };
    const partialFC = new PartialFC({
      classes,
      dimensions,
      loss,
      sampler,
      seed: 1,
      store: store(),
      optimizer: new RowAdamW({ eps: 1e-8, weightDecay: 0.1 }),
    });
    const start = (await partialFC.store.readCenters(8, 9)).slice();
    const alone = tf.variable(tf.tensor2d(start, [1, dimensions]));
    const state = [tf.variable(tf.zeros([1, dimensions])), tf.variable(tf.zeros([1, dimensions]))] as const;
    const never = (await partialFC.store.readCenters(7, 8)).slice();
    let updates = 0;
    for (let step = 0; step < 30; step++) {
      const labels = labelsAt(step, 30);
      const embeddings = tf.tensor2d(fill(2 * dimensions, step), [2, dimensions]);
      const rows = unique(labels);
      const before = await partialFC.store.readCenters(0, classes);
      const expected = lossOnTape(
        loss,
        embeddings,
        tf.tensor2d([...rows].map((row) => [...before.slice(row * dimensions, (row + 1) * dimensions)])),
        labels.map((label) => rows.indexOf(label)),
      );
      (await partialFC.forwardBackward(embeddings, labels)).embeddingGradient.dispose();
      await partialFC.step({ lr: 0.01 });
      const at = rows.indexOf(8);
      if (at >= 0) {
        const gradient = tf.tensor2d(expected.centers.slice(at * dimensions, (at + 1) * dimensions), [
          1,
          dimensions,
        ]);
        adamWUpdate(alone, gradient, ...state, { ...adam, lr: 0.01, step: ++updates });
      }
      expect(relativeError(await partialFC.store.readCenters(8, 9), alone.dataSync())).toBeLessThan(1e-4);
    }
    expect(updates).toBe(3);
    expect([...(await partialFC.store.readCenters(7, 8))]).toEqual([...never]);
    partialFC.dispose();
  });
});
