import { Random } from '@unitsphere/core';
import { type Config, parseConfig, startBatchTraining } from 'unitsphere';
import type { Workload } from './workload.js';

/** A running training. */
export interface Training {
  /** Trains on one more batch, which is already in memory. Resolves with its loss. */
  step(): Promise<number>;
  /** Ends the replicas and disposes their tensors. */
  stop(): Promise<void>;
}

/** Settings besides those of the workload. */
export interface TrainingSettings {
  /** Default: float32 throughout. */
  precision?: Config['precision'];
  /** Threads of each replica's kernels. Default: 1. */
  threads?: number;
  /** Whether batch norm takes its statistics over all replicas. Default: false. */
  syncBatchNorm?: boolean;
}

/** Starts the trainer's replicas on a backend that has already been started. */
export async function startTraining(
  workload: Workload,
  backend: string,
  replicas: number,
  settings: TrainingSettings = {},
): Promise<Training> {
  const { imageSize, batch: size, classes } = workload;
  const config = createConfig(workload, replicas, settings);
  const random = new Random(0, 'benchmark');
  const images = Uint8Array.from({ length: size * imageSize * imageSize * 3 }, () => random.int(256));
  const training = await startBatchTraining({ config, classCount: classes, backend });
  return {
    step: () => {
      // New labels in each step: gradients of a memorized batch become denormal numbers, which are slow.
      const labels = Int32Array.from({ length: size }, () => random.int(classes));
      return training.step(images, labels);
    },
    stop: () => training.stop(),
  };
}

function createConfig(
  { backbone, imageSize, batch, embedding, norm }: Workload,
  replicas: number,
  {
    precision = { matmul: 'highest', activations: 'float32' },
    threads = 1,
    syncBatchNorm = false,
  }: TrainingSettings,
) {
  return parseConfig(
    JSON.stringify({
      data: { imageSize },
      model: { backbone, neck: 'squeeze', norm, embeddingSize: embedding },
      loss: { name: 'cosface', scale: 64, margin: 0.4 },
      optimizer: { name: 'adamw', lr: 1e-3, weightDecay: 1e-3, clipNorm: 5, centersLrScale: 1 },
      schedule: { warmup: 0 },
      precision,
      // With this many steps, the learning rate stays constant.
      training: { batchSize: Math.max(2, batch), steps: 1e9, replicas, threads, syncBatchNorm },
    }),
  );
}
