import type { Config } from '../config/config.js';
import { UserError } from '../user-error.js';
import { startReplicas } from './start-replicas.js';

/** Options of {@link startBatchTraining}. */
export interface BatchTrainingOptions {
  /** Its model, loss, optimizer, schedule, precision and replicas are used. */
  config: Config;
  /** Number of classes of the loss. */
  classCount: number;
  /** Name of the backend that this thread has started. */
  backend: string;
}

/** A training on batches that the caller provides. */
export interface BatchTraining {
  /**
   * Trains on one batch.
   * @param images RGB images: uint8, [N, imageSize, imageSize, 3], row-major, N at most `training.batchSize`.
   * @param labels The class of each image, in [0, `classCount`).
   * @returns The loss of the batch.
   */
  step(images: Uint8Array, labels: Int32Array): Promise<number>;
  /** Ends the replicas and disposes all tensors of the training. */
  stop(): Promise<void>;
}

/**
 * Starts a training on batches that the caller provides, on as many replicas as the config has.
 * @throws UserError if the config distills or keeps its class centers in a file; ReplicaError if a replica fails to start.
 */
export function startBatchTraining(options: BatchTrainingOptions): Promise<BatchTraining> {
  const { distillation, loss } = options.config;
  if (distillation || loss.partialFc.store === 'file') {
    const key = distillation ? 'distillation' : 'loss.partialFc.store: file';
    throw new UserError(`startBatchTraining does not support ${key}`, {
      hint: `Remove ${key} from the config.`,
    });
  }
  return new Promise((resolve, reject) => {
    const ended = startReplicas(options, (lead) => {
      let step = 0;
      return new Promise<void>((stop) => {
        resolve({
          step: async (images, labels) => (await lead.train({ step: step++, images, labels })).loss,
          stop: () => {
            stop();
            return ended;
          },
        });
      });
    });
    ended.catch(reject);
  });
}
