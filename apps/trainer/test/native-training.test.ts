// Compares trainings of the recipe's parts on TensorFlow's native kernels and on our WebAssembly kernels, step by step.
import * as tf from '@tensorflow/tfjs-core';
import { createBackbone } from '@unitsphere/backbones';
import { Parameter, Random, valueAndGradients } from '@unitsphere/core';
import { CosFace } from '@unitsphere/margin-losses';
import { createNeck, EmbeddingHead } from '@unitsphere/necks';
import { cosineLogits } from '@unitsphere/ops';
import { AdamW } from '@unitsphere/optimizers';
import { backends, start } from '@unitsphere/testing/backends';
import { expect, test } from 'vitest';

const [steps, batch, size, classes, dimensions] = [20, 8, 64, 50, 32];

async function losses(backend: string): Promise<number[]> {
  await start(backend);
  const random = new Random(1);
  const backbone = createBackbone('lcnet_050', { random: random.fork('backbone') });
  const map = { channels: 256, height: size / 32, width: size / 32 };
  const neck = createNeck('squeeze', map, { random: random.fork('neck') });
  const head = new EmbeddingHead(neck.features, dimensions, {
    norm: 'layernorm-batchnorm',
    random: random.fork('head'),
  });
  const draw = random.fork('data');
  const numbers = (count: number) => Float32Array.from({ length: count }, () => draw.uniform() * 2 - 1);
  const centers = new Parameter([classes, dimensions], numbers(classes * dimensions));
  const modules = [backbone, neck.module, head];
  const parameters = [...modules.flatMap((module) => module.parameters()), centers];
  const optimizer = new AdamW(parameters, { lr: 1e-3, weightDecay: 1e-2 });
  const loss = new CosFace({ scale: 16, margin: 0.2 });
  const images = tf.tensor4d(numbers(batch * size * size * 3), [batch, size, size, 3]);
  const labels = tf.tensor1d(
    Int32Array.from({ length: batch }, (_, i) => (i * 7) % classes),
    'int32',
  );

  const values: number[] = [];
  let held = 0;
  for (let step = 0; step < steps; step++) {
    const { value, gradients } = valueAndGradients(() => {
      const embeddings = head.forward(neck.module.forward(backbone.forward(images)));
      return loss.loss(cosineLogits(embeddings, centers.variable as tf.Tensor2D), labels);
    }, parameters);
    values.push((await value.data())[0]);
    optimizer.step(gradients);
    tf.dispose([value, ...gradients.filter((gradient) => gradient !== null)]);
    if (step === 0) held = tf.memory().numTensors;
  }
  expect(tf.memory().numTensors).toBe(held);
  for (const module of modules) module.dispose();
  optimizer.dispose();
  centers.dispose();
  tf.dispose([images, labels]);
  return values;
}

test.skipIf(!backends.includes('node'))(
  'twenty steps of LCNet-050 on node give the losses of wasm',
  { timeout: 120_000 },
  async () => {
    const [node, wasm] = [await losses('node'), await losses('wasm')];
    expect(node.at(-1)).toBeLessThan(node[0] / 4);
    // Rounding differs from the first step on, and training amplifies the difference.
    for (const [step, value] of wasm.entries())
      expect(Math.abs(node[step] - value)).toBeLessThan(0.02 * wasm[0]);
    expect(node[0]).toBeCloseTo(wasm[0], 4);
  },
);
