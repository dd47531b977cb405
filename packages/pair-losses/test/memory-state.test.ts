import * as tf from '@tensorflow/tfjs-core';
import { start } from '@unitsphere/testing/backends';
import { beforeAll, expect, test } from 'vitest';
import { ContrastiveLoss, CrossBatchMemory, PairMarginMiner } from '../src/index.js';

beforeAll(() => start('cpu'));

const batch = (seed: number) => tf.randomNormal([4, 3], 0, 1, 'float32', seed) as tf.Tensor2D;
const labels = Int32Array.of(0, 1, 0, 1);
const create = (memorySize = 6) =>
  new CrossBatchMemory({ loss: new ContrastiveLoss(), dimensions: 3, memorySize });

test('enter chooses the pairs that loss compares, and leaks no tensors', async () => {
  const [one, other] = [create(), create()];
  const before = tf.memory().numTensors;
  for (let step = 0; step < 3; step++) {
    const embeddings = batch(step);
    const miner = step === 2 ? new PairMarginMiner() : undefined;
    const call = await one.enter(embeddings, labels, miner);
    const chosen = one.lossOfPairs.loss(embeddings, labels, call);
    const expected = other.loss(embeddings, labels);
    if (!miner) expect(chosen.dataSync()).toEqual(expected.dataSync());
    else expect(call.tuples?.anchors.length).toBeLessThan(4 * 5);
    tf.dispose([embeddings, call.ref, chosen, expected]);
  }
  expect(tf.memory().numTensors).toBe(before);
  one.dispose();
  other.dispose();
});

test.each([1, 2])('a memory restored after %i batches continues alike', async (batches) => {
  const whole = create();
  for (let step = 0; step < batches; step++) await whole.enter(batch(step), labels);
  const state = await whole.state();
  const restored = create();
  restored.restore(state);
  expect(restored.size).toBe(whole.size);
  const next = batch(9);
  expect(restored.loss(next, labels).dataSync()).toEqual(whole.loss(next, labels).dataSync());
  expect(await restored.state()).toEqual(await whole.state());
});

test('refuses a state of another size', async () => {
  const memory = create();
  await memory.enter(batch(0), labels);
  const state = await memory.state();
  expect(() => create(3).restore(state)).toThrow('does not fit a memory of 3 rows of 3');
  expect(() => create().restore({ ...state, next: 2 })).toThrow('next 2 does not fit');
  await expect(create(3).enter(batch(0), labels)).rejects.toThrow('4 rows enter a memory of 3');
});
