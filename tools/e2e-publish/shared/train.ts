import * as tf from '@tensorflow/tfjs-core';
import { createBackbone } from '@unitsphere/backbones';
import { Parameter, Random, Sequential, valueAndGradients } from '@unitsphere/core';
import { CosFace } from '@unitsphere/margin-losses';
import { createNeck, EmbeddingHead } from '@unitsphere/necks';
import { cosineLogits } from '@unitsphere/ops';
import { AdamW } from '@unitsphere/optimizers';

const [CLASSES, SIDE, WIDTH] = [4, 32, 16];

/** A kernel of @unitsphere/ops, which has the equivalent composition of stock operations. */
interface OpKernel extends tf.KernelConfig {
  composition?: tf.KernelFunc;
}

/**
 * Trains a small model on the current backend. On WebAssembly and WebGPU, stock kernels alone cannot train it.
 * @returns A line about the training.
 * @throws Error if the loss does not halve, or if our kernels for the backend did not run.
 */
export async function train(): Promise<string> {
  const random = new Random(1, 'e2e');
  const backbone = createBackbone('lcnet_035', { random, inputSize: SIDE });
  const { channels, reduction } = backbone.featureInfo.at(-1)!;
  const neck = createNeck('gap', { channels, height: SIDE / reduction, width: SIDE / reduction }, { random });
  const head = new EmbeddingHead(neck.features, WIDTH, { random });
  const model = new Sequential(backbone, neck.module, head);
  const centers = new Parameter(
    [CLASSES, WIDTH],
    Float32Array.from({ length: CLASSES * WIDTH }, () => random.normal()),
  );
  const parameters = [...model.parameters(), centers];
  const optimizer = new AdamW(parameters, { lr: 3e-3 });
  const loss = new CosFace({ scale: 16, margin: 0.2 });

  const labels = Int32Array.from({ length: 2 * CLASSES }, (_, i) => i % CLASSES);
  const pixels = Float32Array.from({ length: labels.length * SIDE * SIDE * 3 }, (_, i) => {
    const label = labels[Math.floor(i / (SIDE * SIDE * 3))]!;
    return Math.sin(1 + 3 * label + (i % 3)) + 0.2 * random.normal();
  });
  const images = tf.tensor4d(pixels, [labels.length, SIDE, SIDE, 3]);
  const losses: number[] = [];
  for (let step = 0; step < 8; step++) {
    const { value, gradients } = valueAndGradients(
      () =>
        loss.loss(
          cosineLogits(model.forward(images) as tf.Tensor2D, centers.variable as tf.Tensor2D),
          labels,
        ),
      parameters,
    );
    optimizer.step(gradients);
    losses.push((await value.data())[0]!);
    value.dispose();
    for (const gradient of gradients) gradient?.dispose();
  }
  const [first, last] = [losses[0]!, losses.at(-1)!];
  if (!(last < first / 2))
    throw new Error(`The loss went from ${first} to ${last} in ${losses.length} steps.`);

  const backend = tf.getBackend();
  const ours = (tf.getKernelsForBackend(backend) as OpKernel[]).filter(
    ({ composition, kernelFunc }) => composition && composition !== kernelFunc,
  );
  if (backend !== 'cpu' && ours.length < 10) {
    throw new Error(`Only ${ours.length} of our kernels ran on ${backend}: ${ours.map((k) => k.kernelName)}`);
  }
  return `${backend}: loss ${first.toFixed(2)} to ${last.toFixed(2)}, ${ours.length} of our kernels`;
}
