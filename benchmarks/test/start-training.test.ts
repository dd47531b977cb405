import * as tf from '@tensorflow/tfjs-core';
import { useBackend } from '@unitsphere/backends';
import { expect, test } from 'vitest';
import { startTraining } from '../src/step/start-training.js';
import { DEFAULT_WORKLOAD } from '../src/step/workload.js';

const tiny = {
  ...DEFAULT_WORKLOAD,
  backbone: 'lcnet_035',
  imageSize: 32,
  batch: 2,
  classes: 10,
  embedding: 8,
};

test("runs the trainer's steps and keeps the tensor count", async () => {
  await useBackend('wasm');
  const outside = tf.memory().numTensors;
  const { step, stop } = await startTraining(tiny, 'wasm', 1);
  await step();
  const before = tf.memory().numTensors;
  const losses = [await step(), await step()];
  expect(tf.memory().numTensors).toBe(before);
  expect(losses.every(Number.isFinite)).toBe(true);
  // The labels differ in each step, so the losses differ too.
  expect(losses[0]).not.toBe(losses[1]);
  await stop();
  expect(tf.memory().numTensors).toBe(outside);
});

test('trains on two replicas', async () => {
  await useBackend('wasm');
  const { step, stop } = await startTraining({ ...tiny, batch: 4 }, 'wasm', 2);
  expect(await step()).toBeGreaterThan(0);
  await stop();
});

test('trains on a batch of one image with layer norm', async () => {
  await useBackend('wasm');
  const { step, stop } = await startTraining(
    { ...tiny, imageSize: 64, batch: 1, norm: 'layernorm' },
    'wasm',
    1,
  );
  expect(await step()).toBeGreaterThan(0);
  await stop();
});
