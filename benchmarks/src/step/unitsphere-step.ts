import { Random } from '@unitsphere/core';
import { type Config, parseConfig } from 'unitsphere';
import { replicaFile, startReplicas } from './trainer.js';
import type { Workload } from './workload.js';

/** A training under way. */
export interface Training {
  /** Trains on one more batch, data excluded; resolves with its loss. */
  step(): Promise<number>;
  /** Ends the replicas and frees what they hold. */
  stop(): Promise<void>;
}

/** Starts the trainer's replicas on a backend that is already in use. */
export function startTraining(
  workload: Workload,
  backend: string,
  replicas: number,
  precision: Config['precision'] = { matmul: 'highest', activations: 'float32' },
): Promise<Training> {
  return new Promise((resolve, reject) => {
    const { imageSize, batch: size, classes } = workload;
    const config = configOf(workload, replicas, precision);
    const random = new Random(0, 'benchmark');
    const images = Uint8Array.from({ length: size * imageSize * imageSize * 3 }, () => random.int(256));
    let count = 0;
    const ended = startReplicas({ config, classCount: classes, backend, file: replicaFile }, (lead) => {
      const step = async () => {
        // New labels each time: a batch learned by heart would train on denormal numbers, which are slow.
        const labels = Int32Array.from({ length: size }, () => random.int(classes));
        return (await lead.train({ step: count++, epoch: 0, images, labels, waitedMs: 0 })).loss;
      };
      return new Promise<void>((stopped) => {
        resolve({
          step,
          stop: () => {
            stopped();
            return ended;
          },
        });
      });
    });
    ended.catch(reject);
  });
}

function configOf(
  { backbone, imageSize, batch, embedding, norm }: Workload,
  replicas: number,
  precision: Config['precision'],
) {
  return parseConfig(
    JSON.stringify({
      data: { imageSize },
      model: { backbone, neck: 'squeeze', norm, embeddingSize: embedding },
      loss: { name: 'cosface', scale: 64, margin: 0.4 },
      optimizer: { name: 'adamw', lr: 1e-3, weightDecay: 1e-3, clipNorm: 5, centersLrScale: 1 },
      schedule: { warmup: 0 },
      precision,
      // So many that the learning rate stays what it is.
      training: { batchSize: Math.max(2, batch), steps: 1e9, replicas },
    }),
  );
}
