import * as tf from '@tensorflow/tfjs-core';
import { CrossBatchMemory } from '@unitsphere/pair-losses';
import { createPairLoss } from '@unitsphere/pair-losses/registry';
import type { StepRunner } from '../contender/serve.js';
import { readTfjsMemory } from '../contender/tfjs-memory.js';
import { CLASSES, DIMENSIONS, type PairLossRow, PER_CLASS } from './workload.js';

const BATCHES = 4;

/** Creates the loss of a row and random batches. A step computes the loss and its gradients once. */
export async function startLoss({ loss: name, batch, memory: size }: PairLossRow): Promise<StepRunner> {
  const loss = createPairLoss(name, {}, { classes: CLASSES, dimensions: DIMENSIONS });
  const batches = Array.from({ length: BATCHES }, (_, seed) =>
    tf.tidy(() => tf.variable(tf.randomNormal<tf.Rank.R2>([batch, DIMENSIONS], 0, 1, 'float32', seed + 1))),
  );
  const labels = Int32Array.from({ length: batch }, (_, row) => Math.floor(row / PER_CLASS));
  let memory: CrossBatchMemory | undefined;
  if (size > 0) {
    memory = new CrossBatchMemory({ loss, dimensions: DIMENSIONS, memorySize: size });
    // A full memory, as after the first epochs.
    const random = tf.randomNormal([size, DIMENSIONS], 0, 1, 'float32', 99);
    const filling = random.dataSync<'float32'>();
    random.dispose();
    memory.restore({
      embeddings: filling,
      labels: Int32Array.from({ length: size }, (_, row) => row % CLASSES),
      next: 0,
    });
  }
  let count = 0;

  async function step(): Promise<number> {
    const x = batches[count++ % BATCHES] as tf.Tensor as tf.Tensor2D;
    const variables = [x as tf.Tensor as tf.Variable, ...loss.parameters];
    const { value, grads } = tf.variableGrads(
      () => (memory ? memory.loss(x, labels) : loss.loss(x, labels)),
      variables,
    );
    const [result] = (await value.data()) as Float32Array;
    tf.dispose([value, grads]);
    return result;
  }

  return {
    step,
    stop: async () => {
      memory?.dispose();
      loss.dispose();
      tf.dispose(batches);
    },
    memory: readTfjsMemory,
  };
}
