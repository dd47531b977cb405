import * as tf from '@tensorflow/tfjs-core';
import { l2Normalize } from '@unitsphere/ops';
import { checkFeatures } from './check.js';
import type { DistillationLoss } from './distillation-loss.js';
import type { SettingsOf } from './setting.js';

/** Options of `MSEDistillation`. */
export interface MSEDistillationOptions {
  /** Whether to normalize the features of both to unit length first. Default: false. */
  normalize?: boolean;
}

/**
 * Mean over batch and width of (student − teacher)². It is the feature distillation of FitNets (Romero et al., "FitNets: Hints
 * for Thin Deep Nets", 2015) and CLIP-KD's FD (Yang et al., 2024). @see torch.nn.MSELoss.
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

/** The registry's description of `MSEDistillationOptions`. */
export const mseSettings: SettingsOf<MSEDistillationOptions> = {
  normalize: {
    type: 'boolean',
    default: false,
    description: 'Whether to normalize the features of both networks to unit length.',
  },
};
