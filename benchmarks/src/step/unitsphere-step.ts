import { Random } from '@unitsphere/core';
import type { Batch } from '@unitsphere/data';
import { parseConfig } from 'unitsphere';
import { createTrainingStep, TrainingState } from './trainer.js';
import type { Workload } from './workload.js';

/** Makes the function that trains on one more batch, data excluded, and resolves with its loss. */
export function makeStep(workload: Workload): () => Promise<number> {
  const { imageSize, batch: size, classes } = workload;
  const config = configOf(workload);
  const step = createTrainingStep(config, new TrainingState(config, classes));
  const random = new Random(0, 'benchmark');
  const images = Uint8Array.from({ length: size * imageSize * imageSize * 3 }, () => random.int(256));
  let count = 0;
  return async () => {
    // New labels each time: a batch learned by heart would train on denormal numbers, which are slow.
    const labels = Int32Array.from({ length: size }, () => random.int(classes));
    const batch: Batch = { step: count++, epoch: 0, images, labels, waitedMs: 0 };
    return (await step(batch)).loss;
  };
}

function configOf({ backbone, imageSize, batch, embedding, norm }: Workload) {
  return parseConfig(
    JSON.stringify({
      data: { imageSize },
      model: { backbone, neck: 'squeeze', norm, embeddingSize: embedding },
      loss: { name: 'cosface', scale: 64, margin: 0.4 },
      optimizer: { name: 'adamw', lr: 1e-3, weightDecay: 1e-3, clipNorm: 5, centersLrScale: 1 },
      schedule: { warmup: 0 },
      // So many that the learning rate stays what it is.
      training: { batchSize: Math.max(2, batch), steps: 1e9 },
    }),
  );
}
