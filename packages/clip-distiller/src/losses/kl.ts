import * as tf from '@tensorflow/tfjs-core';
import { l2Normalize } from '@unitsphere/ops';
import { checkFeatures, checkPositive } from './check.js';
import type { DistillationLoss } from './distillation-loss.js';

/** What `KLDistillation` is made with. */
export interface KLDistillationOptions {
  /** What the unit vectors are divided by before the softmax; above 0. Default 0.05. */
  temperature?: number;
  /**
   * Whether the loss is multiplied by temperature², as Hinton et al. do so that its gradient keeps its size when a high
   * temperature changes. Default false: low temperatures, which features at unit length need, would be silenced by it.
   */
  timesTemperatureSquared?: boolean;
}

/**
 * Kullback-Leibler divergence between the softmax of the teacher's and of the student's features, both at unit length
 * and divided by a temperature T: sum p · (log p − log q) over the width, mean over the batch, with
 * p = softmax(t / |t| / T) and q = softmax(s / |s| / T).
 *
 * At T = 1 it is DocClassifier's own form (`reference`): unit vectors of hundreds of values are nearly uniform under a
 * softmax without a temperature, so it and its gradient are small beside a margin loss.
 * @see Hinton, Vinyals & Dean, "Distilling the Knowledge in a Neural Network" (2015);
 * torch.nn.functional.kl_div(reduction='batchmean', log_target=True).
 */
export class KLDistillation implements DistillationLoss {
  readonly name: string = 'kl';
  readonly sameWidth = true;
  readonly temperature: number;
  readonly #factor: number;

  /** @throws RangeError for a temperature that is not above 0. */
  constructor({ temperature = 0.05, timesTemperatureSquared = false }: KLDistillationOptions = {}) {
    this.temperature = checkPositive('temperature', temperature);
    this.#factor = timesTemperatureSquared ? temperature ** 2 : 1;
  }

  loss(student: tf.Tensor2D, teacher: tf.Tensor2D): tf.Scalar {
    checkFeatures(this.constructor.name, student, teacher, { sameWidth: true });
    return tf.tidy(() => {
      const logQ = logSoftmax(l2Normalize(student), this.temperature);
      const logP = logSoftmax(l2Normalize(teacher), this.temperature);
      const divergence = tf.sum(tf.mul(tf.exp(logP), tf.sub(logP, logQ)));
      return tf.mul(divergence, this.#factor / student.shape[0]) as tf.Scalar;
    });
  }
}

/**
 * DocClassifier's own distillation loss: KL divergence at temperature 1 between unit vectors, the student's behind a
 * linear projection without bias (`ProjectionHead`). @see https://github.com/DocsaidLab/DocClassifier
 */
export class ReferenceDistillation extends KLDistillation {
  override readonly name = 'reference';

  constructor() {
    super({ temperature: 1 });
  }
}

function logSoftmax(unit: tf.Tensor2D, temperature: number): tf.Tensor2D {
  const logits = tf.div(unit, temperature);
  return tf.sub(logits, tf.logSumExp(logits, 1, true));
}
