import * as tf from '@tensorflow/tfjs-core';
import { useBackend } from '@unitsphere/backends';
import { Random } from '@unitsphere/core';
import { expect, test } from 'vitest';
import { parseConfig } from '../src/config/parse-config.js';
import { startBatchTraining } from '../src/replicas/batch-training.js';

const CONFIG = `
data: { imageSize: 32 }
model: { backbone: lcnet_035, embeddingSize: 8 }
optimizer: { lr: 1e-3 }
training: { batchSize: 4, replicas: 1 }
`;

test('trains on batches of the caller and keeps the tensor count', async () => {
  await useBackend('wasm');
  const outside = tf.memory().numTensors;
  const training = await startBatchTraining({ config: parseConfig(CONFIG), classCount: 3, backend: 'wasm' });
  const random = new Random(0);
  const images = Uint8Array.from({ length: 4 * 32 * 32 * 3 }, () => random.int(256));
  const labels = Int32Array.of(0, 1, 2, 1);
  const first = await training.step(images, labels);
  const tensors = tf.memory().numTensors;
  const losses = [first, await training.step(images, labels), await training.step(images, labels)];
  expect(losses.every(Number.isFinite)).toBe(true);
  expect(new Set(losses).size).toBe(3);
  expect(tf.memory().numTensors).toBe(tensors);
  await training.stop();
  expect(tf.memory().numTensors).toBe(outside);
});

test.each([
  ['distillation', 'distillation: { teacher: { clip: ViT-B-32-quickgelu, weights: clip.safetensors } }'],
  ['loss.partialFc.store: file', 'loss: { partialFc: { store: file } }'],
])('refuses %s', (key, yaml) => {
  const config = parseConfig(`${CONFIG}${yaml}`);
  expect(() => startBatchTraining({ config, classCount: 3, backend: 'wasm' })).toThrow(
    `startBatchTraining does not support ${key}`,
  );
});
