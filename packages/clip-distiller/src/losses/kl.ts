import * as tf from '@tensorflow/tfjs-core';
import { l2Normalize } from '@unitsphere/ops';
import { checkFeatures, checkPositive } from './check.js';
import type { DistillationLoss } from './distillation-loss.js';
import type { SettingsOf } from './setting.js';

/** Options of `KLDistillation`. */
export interface KLDistillationOptions {
  /** Divisor of the unit vectors before the softmax; positive. Default: 0.05. */
  temperature?: number;
  /**
   * Whether to multiply the loss by temperature², as Hinton et al. do to make the gradient's size independent of a high
   * temperature. Default: false. With the low temperatures that unit vectors require, the loss would vanish.
   */
  timesTemperatureSquared?: boolean;
}

/**
 * Kullback-Leibler divergence between the softmax of the teacher's and of the student's unit vectors at a temperature T.
 * With p = softmax(t / |t| / T) and q = softmax(s / |s| / T), it is the sum over the width of p · (log p − log q), averaged
 * over the batch.
 *
 * T = 1 is DocClassifier's form (`reference`). The softmax of unit vectors of hundreds of values is nearly uniform at T = 1,
 * so that loss and its gradient are small compared to a margin loss.
 * @see Hinton, Vinyals & Dean, "Distilling the Knowledge in a Neural Network" (2015);
 * torch.nn.functional.kl_div(reduction='batchmean', log_target=True).
 */
export class KLDistillation implements DistillationLoss {
  readonly name: string = 'kl';
  readonly sameWidth = true;
  readonly temperature: number;
  readonly #factor: number;

  /** @throws RangeError unless the temperature is positive. */
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
 * DocClassifier's distillation loss: KL divergence at temperature 1 between unit vectors, the student's after a linear
 * projection without bias (`ProjectionHead`). @see https://github.com/DocsaidLab/DocClassifier
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

/** The registry's description of `KLDistillationOptions`. */
export const klSettings: SettingsOf<KLDistillationOptions> = {
  temperature: {
    type: 'number',
    default: 0.05,
    exclusiveMinimum: 0,
    description: 'Divisor of the unit vectors before the softmax.',
  },
  timesTemperatureSquared: {
    type: 'boolean',
    default: false,
    description: 'Whether to multiply the loss by temperature², as Hinton et al. (2015) do.',
  },
};
