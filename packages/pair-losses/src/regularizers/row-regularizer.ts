import * as tf from '@tensorflow/tfjs-core';
import { recordLoss } from '../pairs/record-loss.js';
import type { Regularizer } from './regularizer.js';

/** Base class of regularizers that compute their own gradient. */
export abstract class RowRegularizer implements Regularizer {
  loss(x: tf.Tensor2D): tf.Scalar {
    return recordLoss([x], ([rows]) => {
      const { value, gradient } = this.penalty(rows as tf.Tensor2D);
      return { value: tf.reshape(value, []) as tf.Scalar, gradients: [gradient] };
    });
  }

  /** Computes the mean penalty of the rows and its gradient. */
  protected abstract penalty(x: tf.Tensor2D): { value: tf.Tensor; gradient: tf.Tensor };
}
