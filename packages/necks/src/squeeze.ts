import type * as tf from '@tensorflow/tfjs-core';
import { Conv2d, Module, type Random } from '@unitsphere/core';
import { Flatten } from './flatten.js';

/**
 * The reference system's neck: a 1×1 convolution to fewer channels, without bias, norm or activation, then `Flatten`. The
 * model is half the size of one with `Flatten` alone, at nearly its accuracy. State dict: `conv.weight`.
 * float32 [batch, height, width, channels] → [batch, squeezed · height · width].
 */
export class Squeeze extends Module<tf.Tensor4D, tf.Tensor2D> {
  readonly #conv;
  readonly #flatten = new Flatten();

  /** @param squeezed Channels after the convolution. */
  constructor(channels: number, squeezed: number, random: Random) {
    super();
    this.#conv = this.child('conv', new Conv2d(channels, squeezed, { kernelSize: 1, random }));
  }

  override forward(x: tf.Tensor4D): tf.Tensor2D {
    return this.#flatten.forward(this.#conv.forward(x));
  }
}
