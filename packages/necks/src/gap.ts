import type * as tf from '@tensorflow/tfjs-core';
import { Module } from '@unitsphere/core';
import { globalAveragePool } from '@unitsphere/ops';

/** Global average pooling: float32 [batch, height, width, channels] → [batch, channels]. */
export class GAP extends Module<tf.Tensor4D, tf.Tensor2D> {
  override forward(x: tf.Tensor4D): tf.Tensor2D {
    return globalAveragePool(x);
  }
}
