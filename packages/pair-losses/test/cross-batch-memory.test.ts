import * as tf from '@tensorflow/tfjs-core';
import { backends, start } from '@unitsphere/testing/backends';
import { type GoldenTensor, readGolden, relativeError } from '@unitsphere/testing/golden';
import { runInTidy } from '@unitsphere/testing/tidy';
import { beforeAll, describe, expect, test } from 'vitest';
import {
  ContrastiveLoss,
  CrossBatchMemory,
  type EmbeddingLoss,
  MultiSimilarityLoss,
  MultiSimilarityMiner,
  NTXentLoss,
  TripletMarginLoss,
} from '../src/index.js';
import { integers, matrix } from './parse-case.js';

interface MemoryCase {
  name: string;
  group: string;
  loss: string;
  size: number;
  steps: {
    embeddings: GoldenTensor;
    labels: GoldenTensor;
    value: number;
    dEmbeddings: GoldenTensor;
    memory: GoldenTensor;
    memoryLabels: GoldenTensor;
  }[];
}

const cases = readGolden<MemoryCase>('pair_miners').cases.filter((c) => c.group === 'memory');
const LOSSES: Record<string, () => EmbeddingLoss> = {
  ContrastiveLoss: () => new ContrastiveLoss(),
  NTXentLoss: () => new NTXentLoss(),
  TripletMarginLoss: () => new TripletMarginLoss(),
  MultiSimilarityLoss: () => new MultiSimilarityLoss(),
};

describe.each(backends)('%s', (backend) => {
  beforeAll(() => start(backend));

  test.each(cases.map((c) => [c.name, c] as const))('%s', (_name, c) => {
    const before = tf.memory().numTensors;
    const memory = new CrossBatchMemory({
      loss: LOSSES[c.loss](),
      dimensions: 6,
      memorySize: c.size,
      miner: c.loss === 'MultiSimilarityLoss' ? new MultiSimilarityMiner() : undefined,
    });
    for (const step of c.steps) {
      tf.tidy(() => {
        const { value, grad } = tf.valueAndGrad((e) => memory.loss(e as tf.Tensor2D, integers(step.labels)))(
          matrix(step.embeddings),
        );
        const stored = memory.embeddings();
        expect(
          relativeError(value.dataSync(), {
            ...step.memory,
            shape: [1],
            data: [step.value] as never,
            scale: 1e-3,
          }),
        ).toBeLessThan(1e-4);
        expect(relativeError(grad.dataSync(), { ...step.dEmbeddings, scale: 1e-3 })).toBeLessThan(1e-4);
        expect(relativeError(stored.dataSync(), step.memory)).toBe(0);
        expect([...memory.labels]).toEqual([...integers(step.memoryLabels)]);
      });
    }
    memory.dispose();
    expect(tf.memory().numTensors).toBe(before);
  });

  test('compares rows that do not enter with the memory, and removes no pairs then', () => {
    const before = tf.memory().numTensors;
    const memory = new CrossBatchMemory({ loss: new ContrastiveLoss(), dimensions: 2, memorySize: 4 });
    const x = tf.tensor2d([
      [1, 0],
      [0, 1],
      [0.6, 0.8],
      [0.8, 0.6],
    ]);
    const labels = Int32Array.of(0, 1, 0, 1);
    const { value, gradient } = runInTidy(() => {
      const { value, grad } = tf.valueAndGrad((e) =>
        memory.loss(e as tf.Tensor2D, labels, { enqueue: [true, true, false, false] }),
      )(x);
      return { value: value.dataSync()[0], gradient: grad.dataSync() };
    });
    expect(memory.size).toBe(2);
    // Rows 2 and 3 are √0.8 from their positive in the memory and √0.4 from their negative.
    expect(value).toBeCloseTo(Math.sqrt(0.8) + 1 - Math.sqrt(0.4), 5);
    expect([...gradient.slice(0, 4)]).toEqual([0, 0, 0, 0]);
    expect(Math.hypot(gradient[4], gradient[5])).toBeGreaterThan(0.1);
    const none = memory.loss(x, labels, { enqueue: [true, true, true, true] });
    expect(none.dataSync()[0]).toBe(0);
    tf.dispose([x, none]);
    memory.dispose();
    expect(tf.memory().numTensors).toBe(before);
  });
});

test('wraps around without comparing a row with its own copy', async () => {
  await start('cpu');
  const memory = new CrossBatchMemory({
    loss: new ContrastiveLoss({ negMargin: 0 }),
    dimensions: 2,
    memorySize: 5,
  });
  const batch = (seed: number) => tf.randomNormal([3, 2], 0, 1, 'float32', seed) as tf.Tensor2D;
  const classes = [Int32Array.of(0, 1, 2), Int32Array.of(3, 4, 5), Int32Array.of(6, 7, 8)];
  classes.forEach((labels, k) => {
    tf.tidy(() => {
      // Every class occurs once: a positive pair could only be a row and its copy, and its copy is at distance 0.
      expect(memory.loss(batch(k), labels).dataSync()[0]).toBe(0);
    });
  });
  expect([...memory.labels]).toEqual([5, 6, 7, 8, 4]);
  expect(memory.size).toBe(5);
  memory.reset();
  expect(memory.size).toBe(0);
  memory.dispose();
});

test('refuses more rows than the memory holds, and leaves the memory unchanged', async () => {
  await start('cpu');
  const memory = new CrossBatchMemory({ loss: new ContrastiveLoss(), dimensions: 2, memorySize: 2 });
  const x = tf.ones([3, 2]) as tf.Tensor2D;
  expect(() => memory.loss(x, Int32Array.of(0, 1, 2))).toThrow(/increase memorySize to at least 3/);
  expect(() => memory.loss(x, Int32Array.of(0, 1))).toThrow(RangeError);
  expect(() => memory.loss(tf.ones([2, 3]), Int32Array.of(0, 1))).toThrow(/3 dimensions/);
  expect(() => memory.loss(x, Int32Array.of(0, 1, 2), { enqueue: [true] })).toThrow(/enqueue/);
  expect(memory.size).toBe(0);
  expect(() => new CrossBatchMemory({ loss: new ContrastiveLoss(), dimensions: 2, memorySize: 0 })).toThrow(
    RangeError,
  );
  memory.dispose();
  x.dispose();
});
