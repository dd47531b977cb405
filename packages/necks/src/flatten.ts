import * as tf from '@tensorflow/tfjs-core';
import { Module } from '@unitsphere/core';

/**
 * Flattens a map in PyTorch's order (channel, row, column), so that the weights of the next layer match PyTorch's.
 * float32 [batch, height, width, channels] → [batch, channels · height · width].
 */
export class Flatten extends Module<tf.Tensor4D, tf.Tensor2D> {
  override forward(x: tf.Tensor4D): tf.Tensor2D {
    return tf.reshape(tf.transpose(x, [0, 3, 1, 2]), [x.shape[0], x.size / x.shape[0]]);
  }
}
