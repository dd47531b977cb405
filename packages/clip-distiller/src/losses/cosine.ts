import * as tf from '@tensorflow/tfjs-core';
import { l2Normalize } from '@unitsphere/ops';
import { checkFeatures } from './check.js';
import type { DistillationLoss } from './distillation-loss.js';

/**
 * Mean over the batch of 1 − cos(student, teacher), which is half the squared distance of the unit vectors.
 * @see torch.nn.CosineEmbeddingLoss with target 1.
 */
export class CosineDistillation implements DistillationLoss {
  readonly name = 'cosine';
  readonly sameWidth = true;

  loss(student: tf.Tensor2D, teacher: tf.Tensor2D): tf.Scalar {
    checkFeatures('CosineDistillation', student, teacher, { sameWidth: true });
    return tf.tidy(() => {
      const cosines = tf.sum(tf.mul(l2Normalize(student), l2Normalize(teacher)), 1);
      return tf.sub(1, tf.mean(cosines)) as tf.Scalar;
    });
  }
}
