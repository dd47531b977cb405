import * as tf from '@tensorflow/tfjs-core';
import { Module } from '@unitsphere/core';

/** torch.nn.AvgPool2d(size) on NHWC maps: the mean of each window of size × size, windows side by side. */
export class AveragePool2d extends Module<tf.Tensor4D, tf.Tensor4D> {
  readonly #size: number;

  constructor(size: number) {
    super();
    this.#size = size;
  }

  /** @param x float32 [batch, height, width, channels]. @returns The sides divided by size, rounded down. */
  override forward(x: tf.Tensor4D): tf.Tensor4D {
    return tf.avgPool(x, this.#size, this.#size, 'valid');
  }
}
