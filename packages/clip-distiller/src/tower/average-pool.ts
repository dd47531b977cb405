import * as tf from '@tensorflow/tfjs-core';
import { Module } from '@unitsphere/core';

/** torch.nn.AvgPool2d(size) on NHWC feature maps: the mean of each non-overlapping window of size × size. */
export class AveragePool2d extends Module<tf.Tensor4D, tf.Tensor4D> {
  readonly #size: number;

  constructor(size: number) {
    super();
    this.#size = size;
  }

  /** @param x float32 [batch, height, width, channels]. @returns float32 with height and width divided by size, rounded down. */
  override forward(x: tf.Tensor4D): tf.Tensor4D {
    return tf.avgPool(x, this.#size, this.#size, 'valid');
  }
}
