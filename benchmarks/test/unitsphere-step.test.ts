import * as tf from '@tensorflow/tfjs-core';
import { useBackend } from '@unitsphere/backends';
import { expect, test } from 'vitest';
import { startTraining } from '../src/step/unitsphere-step.js';
import { DEFAULT_WORKLOAD } from '../src/step/workload.js';

const tiny = {
  ...DEFAULT_WORKLOAD,
  backbone: 'lcnet_035',
  imageSize: 32,
  batch: 2,
  classes: 10,
  embedding: 8,
};

test("makes the trainer's steps and leaves no tensors", async () => {
  await useBackend('wasm');
  const outside = tf.memory().numTensors;
  const { step, stop } = await startTraining(tiny, 'wasm', 1);
  await step();
  const before = tf.memory().numTensors;
  const losses = [await step(), await step()];
  expect(tf.memory().numTensors).toBe(before);
  expect(losses.every(Number.isFinite)).toBe(true);
  // New labels each time: the loss cannot be the same twice.
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

test('trains on a batch of one with layer norm alone', async () => {
  await useBackend('wasm');
  const { step, stop } = await startTraining(
    { ...tiny, imageSize: 64, batch: 1, norm: 'layernorm' },
    'wasm',
    1,
  );
  expect(await step()).toBeGreaterThan(0);
  await stop();
});
