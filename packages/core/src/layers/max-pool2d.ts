import type * as tf from '@tensorflow/tfjs-core';
import { maxPool2d, type PoolWindow } from '@unitsphere/ops';
import { Module } from '../module.js';

/** torch.nn.MaxPool2d on NHWC images. */
export class MaxPool2d extends Module<tf.Tensor4D, tf.Tensor4D> {
  readonly #window: PoolWindow;

  constructor(window: PoolWindow) {
    super();
    this.#window = window;
  }

  /** @param x float32 [batch, height, width, channels]. @returns float32 [batch, outHeight, outWidth, channels]. */
  override forward(x: tf.Tensor4D): tf.Tensor4D {
    return maxPool2d(x, this.#window);
  }
}
