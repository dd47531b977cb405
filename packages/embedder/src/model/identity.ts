import type * as tf from '@tensorflow/tfjs-core';
import { Module } from '@unitsphere/core';

/** Returns its input: the head of a model without one. float32 [batch, features] → the same. */
export class Identity extends Module<tf.Tensor2D, tf.Tensor2D> {
  override forward(x: tf.Tensor2D): tf.Tensor2D {
    return x;
  }
}
