/** PartialFC against the same loss on the tape, and its steps against dense optimizers. */
import * as tf from '@tensorflow/tfjs-core';
import {
  ArcFace,
  CombinedMargin,
  CosFace,
  type LabelMarginLoss,
  NormalizedSoftmax,
} from '@unitsphere/margin-losses';
import { adamWUpdate, sgdUpdate } from '@unitsphere/ops';
import { backends, start } from '@unitsphere/testing/backends';
import { beforeEach, describe, expect, test } from 'vitest';
import {
  ClassSampler,
  deviceStore,
  hostStore,
  PartialFC,
  type PartialFCOptions,
  RowAdamW,
  RowSGD,
  type StoreFactory,
} from '../src/index.js';
import { fill, lossOnTape, relativeError, squareSum } from './reference.js';

const [classes, dimensions] = [23, 12];
const stores: [string, () => StoreFactory][] = [
  ['device store', deviceStore],
  ['host store', hostStore],
];
const losses: [string, LabelMarginLoss][] = [
  ['CosFace', new CosFace({ scale: 32, margin: 0.35 })],
  ['ArcFace', new ArcFace({ scale: 64, margin: 0.5 })],
  ['ArcFace, pass-through', new ArcFace({ scale: 64, margin: 0.5, gradient: 'pass-through' })],
  ['ArcFace, monotonic', new ArcFace({ scale: 16, margin: 0.5, monotonic: true })],
  ['CombinedMargin', new CombinedMargin({ scale: 32, m1: 1.05, m2: 0.2, m3: 0.1 })],
  ['NormalizedSoftmax', new NormalizedSoftmax({ scale: 16 })],
];

const make = (options: Partial<PartialFCOptions> = {}) =>
  new PartialFC({ classes, dimensions, loss: losses[0][1], seed: 7, ...options });

function batchOf(step: number, size = 3 + (step % 4)) {
  const labels = Int32Array.from({ length: size }, (_, i) => (i * 5 + step * 3) % classes);
  return { labels, embeddings: tf.tensor2d(fill(size * dimensions, 100 + step, 3), [size, dimensions]) };
}

const centersOf = async (partialFC: PartialFC) =>
  await partialFC.store.readCenters(0, partialFC.store.spec.rows);

describe.each(backends)('%s', (backend) => {
  beforeEach(() => start(backend));

  describe.each(stores)('%s', (_storeName, store) => {
    test.each(losses)('rate 1 equals the full softmax: %s', async (_name, loss) => {
      const before = tf.memory().numTensors;
      const partialFC = make({ loss, store: store() });
      const { labels, embeddings } = batchOf(1);
      const centers = tf.tensor2d(await centersOf(partialFC), [classes, dimensions]);
      const expected = lossOnTape(loss, embeddings, centers, labels);
      const result = await partialFC.forwardBackward(embeddings, labels);
      expect(relativeError([result.loss], [expected.loss])).toBeLessThan(1e-5);
      expect(relativeError(result.embeddingGradient.dataSync(), expected.embeddings)).toBeLessThan(1e-5);
      expect(relativeError([result.gradientSquareSum], [squareSum(expected.centers)])).toBeLessThan(1e-5);
      // A step of SGD without momentum and decay reveals the gradient of the centers.
      partialFC.discard();
      const sgd = make({ loss, store: store(), optimizer: new RowSGD({ momentum: 0, weightDecay: 0 }) });
      result.embeddingGradient.dispose();
      (await sgd.forwardBackward(embeddings, labels)).embeddingGradient.dispose();
      await sgd.step({ lr: 1 });
      const gradient = (await centersOf(sgd)).map((v, i) => centers.dataSync()[i] - v);
      expect(relativeError(gradient, expected.centers)).toBeLessThan(1e-4);
      partialFC.dispose();
      sgd.dispose();
      tf.dispose([embeddings, centers]);
      expect(tf.memory().numTensors).toBe(before);
    });

    const adamW = { beta1: 0.9, beta2: 0.99, eps: 1e-8, weightDecay: 0.05 };
    const sgd = { momentum: 0.9, dampening: 0, nesterov: true, weightDecay: 0.05 };
    test.each([
      ['RowAdamW', () => new RowAdamW({ ...adamW, betas: [0.9, 0.99] })],
      ['RowSGD', () => new RowSGD(sgd)],
      ['RowAdamW, caught up', () => new RowAdamW({ ...adamW, betas: [0.9, 0.99], unsampled: 'caught-up' })],
    ] as const)('ten steps at rate 1 equal those of the dense optimizer: %s', async (name, optimizer) => {
      const before = tf.memory().numTensors;
      const partialFC = make({ store: store(), optimizer: optimizer() });
      const variable = (values: ArrayLike<number>) =>
        tf.tidy(() => tf.variable(tf.tensor2d(Float32Array.from(values), [classes, dimensions])));
      const zeros = new Float32Array(classes * dimensions);
      const dense = variable(await centersOf(partialFC));
      const state = [variable(zeros), variable(zeros)] as const;
      for (let step = 1; step <= 10; step++) {
        const { labels, embeddings } = batchOf(step);
        const expected = lossOnTape(losses[0][1], embeddings, dense, labels);
        const result = await partialFC.forwardBackward(embeddings, labels);
        expect(relativeError([result.loss], [expected.loss])).toBeLessThan(2e-5);
        expect(relativeError(result.embeddingGradient.dataSync(), expected.embeddings)).toBeLessThan(1e-4);
        const [lr, gradientScale] = [0.01 * step, step % 2 ? 1 : 0.5];
        await partialFC.step({ lr, gradientScale });
        tf.tidy(() => {
          const gradient = tf.tensor2d(expected.centers, [classes, dimensions]);
          if (name === 'RowSGD') sgdUpdate(dense, gradient, state[0], { lr, step, gradientScale, ...sgd });
          else adamWUpdate(dense, gradient, ...state, { lr, step, gradientScale, ...adamW });
        });
        tf.dispose([embeddings, result.embeddingGradient]);
      }
      expect(partialFC.stepCount).toBe(10);
      expect(relativeError(await centersOf(partialFC), dense.dataSync())).toBeLessThan(1e-4);
      partialFC.dispose();
      tf.dispose([dense, ...state]);
      expect(tf.memory().numTensors).toBe(before);
    });

    test('a sample gives the softmax over its classes and leaves other rows unchanged', async () => {
      const before = tf.memory().numTensors;
      const partialFC = make({ store: store(), sampledClasses: 9 });
      const start = (await centersOf(partialFC)).slice();
      const rowOf = (values: Float32Array, row: number) =>
        values.slice(row * dimensions, (row + 1) * dimensions);
      for (let step = 1; step <= 4; step++) {
        const { labels, embeddings } = batchOf(step);
        const before = (await centersOf(partialFC)).slice();
        const result = await partialFC.forwardBackward(embeddings, labels);
        await partialFC.step({ lr: 0.1 });
        const now = await centersOf(partialFC);
        const moved = [...Array(classes).keys()].filter(
          (row) => relativeError(rowOf(now, row), rowOf(before, row)) > 0,
        );
        expect(moved.length).toBe(9);
        for (const label of labels) expect(moved).toContain(label);
        tf.tidy(() => {
          const values = tf.tensor2d(
            moved.map((row) => [...rowOf(before, row)]),
            [9, dimensions],
          );
          const expected = lossOnTape(
            losses[0][1],
            embeddings,
            values,
            labels.map((label) => moved.indexOf(label)),
          );
          expect(relativeError([result.loss], [expected.loss])).toBeLessThan(1e-5);
          expect(relativeError(result.embeddingGradient.dataSync(), expected.embeddings)).toBeLessThan(1e-5);
          expect(relativeError([result.gradientSquareSum], [squareSum(expected.centers)])).toBeLessThan(1e-5);
        });
        tf.dispose([embeddings, result.embeddingGradient]);
      }
      expect(relativeError(await centersOf(partialFC), start)).toBeGreaterThan(0.1);
      partialFC.dispose();
      expect(tf.memory().numTensors).toBe(before);
    });

    test('a dropped gradient changes nothing, and the step can be repeated', async () => {
      const partialFC = make({ store: store(), sampleRate: 0.4 });
      const { labels, embeddings } = batchOf(1);
      const before = (await centersOf(partialFC)).slice();
      const first = await partialFC.forwardBackward(embeddings, labels);
      partialFC.discard();
      partialFC.discard();
      expect([...(await centersOf(partialFC))]).toEqual([...before]);
      expect(partialFC.stepCount).toBe(0);
      const second = await partialFC.forwardBackward(embeddings, labels);
      expect(second.loss).toBe(first.loss);
      await partialFC.step({ lr: 0.1 });
      expect(partialFC.stepCount).toBe(1);
      tf.dispose([embeddings, first.embeddingGradient, second.embeddingGradient]);
      partialFC.dispose();
    });

    test('a restored state continues bit-identically, also in another store', async () => {
      const options = { sampleRate: 0.4, optimizer: new RowAdamW({ unsampled: 'caught-up' }) };
      const run = async (partialFC: PartialFC, from: number, to: number) => {
        const seen: number[] = [];
        for (let step = from; step < to; step++) {
          const { labels, embeddings } = batchOf(step);
          const result = await partialFC.forwardBackward(embeddings, labels);
          seen.push(result.loss);
          await partialFC.step({ lr: 0.1 });
          tf.dispose([embeddings, result.embeddingGradient]);
        }
        return seen;
      };
      const partialFC = make({ store: store(), ...options });
      await run(partialFC, 0, 5);
      const saved = await partialFC.stateDict();
      const expected = await run(partialFC, 5, 9);
      for (const [, other] of stores) {
        const resumed = make({ store: other(), ...options });
        await resumed.loadStateDict(saved);
        expect(resumed.stepCount).toBe(5);
        expect(await run(resumed, 5, 9)).toEqual(expected);
        expect([...(await centersOf(resumed))]).toEqual([...(await centersOf(partialFC))]);
        resumed.dispose();
      }
      partialFC.dispose();
    });
  });

  test('invalid calls throw, change nothing and leak nothing', async () => {
    const partialFC = make();
    const { labels, embeddings } = batchOf(1);
    const before = tf.memory().numTensors;
    const bad = (at: number, label: number) => {
      const copy = labels.slice();
      copy[at] = label;
      return copy;
    };
    await expect(partialFC.forwardBackward(embeddings, bad(1, 23))).rejects.toThrow(
      'PartialFC: the label of row 1 is 23, but there are 23 classes: 0 to 22.',
    );
    await expect(partialFC.forwardBackward(embeddings, bad(0, -1))).rejects.toThrow(RangeError);
    await expect(partialFC.forwardBackward(embeddings, labels.slice(1))).rejects.toThrow(
      'there are 4 embeddings, but 3 labels',
    );
    await expect(partialFC.forwardBackward(embeddings, [1, 2] as never)).rejects.toThrow(TypeError);
    await expect(partialFC.step({ lr: 1 })).rejects.toThrow('no gradient is held');
    for (const value of [Number.NaN, Number.POSITIVE_INFINITY]) {
      const values = embeddings.dataSync().slice();
      values[2 * dimensions + 3] = value;
      const broken = tf.tensor2d(values, embeddings.shape);
      await expect(partialFC.forwardBackward(broken, labels)).rejects.toThrow(
        `PartialFC: embedding 2 is ${value} at index 3. Nothing was changed.`,
      );
      broken.dispose();
    }
    expect(tf.memory().numTensors).toBe(before);
    const result = await partialFC.forwardBackward(embeddings, labels);
    await expect(partialFC.forwardBackward(embeddings, labels)).rejects.toThrow('a gradient is still held');
    await expect(partialFC.stateDict()).rejects.toThrow('in the middle of a step');
    await expect(partialFC.step({ lr: Number.NaN })).rejects.toThrow('lr must be finite and non-negative');
    await expect(partialFC.step({ lr: 1, gradientScale: Number.NaN })).rejects.toThrow('Call discard()');
    await partialFC.step({ lr: 0.1 });
    expect(partialFC.stepCount).toBe(1);
    tf.dispose([result.embeddingGradient]);
    expect(tf.memory().numTensors).toBe(before);
    const two = partialFC.forwardBackward(embeddings, labels);
    await expect(partialFC.forwardBackward(embeddings, labels)).rejects.toThrow(
      'before the previous call ended',
    );
    (await two).embeddingGradient.dispose();
    partialFC.dispose();
    await expect(partialFC.forwardBackward(embeddings, labels)).rejects.toThrow('disposed');
    embeddings.dispose();
  });
});

test.each([
  [{ classes: 0 }, 'classes must be a positive integer'],
  [{ dimensions: 1.5 }, 'dimensions must be a positive integer'],
  [{ sampleRate: 0 }, 'sampleRate must be in (0, 1], but it is 0.'],
  [{ sampleRate: 1.1 }, 'sampleRate must be in (0, 1]'],
  [{ sampleRate: 0.1, sampledClasses: 3 }, 'set only one of sampleRate, sampledClasses and sampler'],
  [{ sampleRate: 0.1, sampler: new ClassSampler(classes, 3, 1) }, 'set only one of'],
  [{ sampledClasses: 0 }, 'sampledClasses must be a positive integer'],
  [{ seed: Number.NaN }, 'seed must be a finite number'],
  [{ initStd: 0 }, 'initStd must be'],
  [{ interclassFilteringThreshold: 1 }, 'interclassFilteringThreshold must be in [0, 1)'],
] as [Partial<PartialFCOptions>, string][])('refuses the options %o', async (options, message) => {
  await start('cpu');
  expect(() => make(options)).toThrow(message);
});

test('refuses invalid options of the optimizers', () => {
  expect(() => new RowAdamW({ betas: [1, 0.9] })).toThrow(
    'RowAdamW: betas[0] must be in [0, 1), but it is 1.',
  );
  expect(() => new RowAdamW({ eps: -1 })).toThrow('eps');
  expect(() => new RowAdamW({ unsampled: 'lazy' as never })).toThrow(
    "'frozen' or 'caught-up', but it is 'lazy'",
  );
  expect(() => new RowAdamW({ stepCount: 'x' as never })).toThrow('stepCount');
  expect(() => new RowSGD({ momentum: -1 })).toThrow('momentum');
  expect(() => new RowSGD({ momentum: 0, nesterov: true })).toThrow('nesterov requires a momentum above 0');
});
