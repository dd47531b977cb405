import * as tf from '@tensorflow/tfjs-core';
import { l2Normalize } from '@unitsphere/ops';
import { checkFeatures } from './check.js';
import type { DistillationLoss } from './distillation-loss.js';

/** What `MSEDistillation` is made with. */
export interface MSEDistillationOptions {
  /** Whether both features are put at unit length first. Default false. */
  normalize?: boolean;
}

/**
 * The mean over batch and width of (student − teacher)²: feature distillation as FitNets has it (Romero et al., "FitNets:
 * Hints for Thin Deep Nets", 2015) and CLIP-KD's FD (Yang et al., 2024). @see torch.nn.MSELoss.
 */
export class MSEDistillation implements DistillationLoss {
  readonly name = 'mse';
  readonly sameWidth = true;
  readonly #normalize: boolean;

  constructor({ normalize = false }: MSEDistillationOptions = {}) {
    this.#normalize = normalize;
  }

  loss(student: tf.Tensor2D, teacher: tf.Tensor2D): tf.Scalar {
    checkFeatures('MSEDistillation', student, teacher, { sameWidth: true });
    return tf.tidy(() => {
      const prepare = this.#normalize ? (x: tf.Tensor2D) => l2Normalize(x) : (x: tf.Tensor2D) => x;
      return tf.mean(tf.square(tf.sub(prepare(student), prepare(teacher)))) as tf.Scalar;
    });
  }
}
