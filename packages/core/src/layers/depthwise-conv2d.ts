import type * as tf from '@tensorflow/tfjs-core';
import { depthwiseConv2d } from '@unitsphere/ops';
import { convolutionWeights } from '../initializers.js';
import { Module } from '../module.js';
import type { Conv2dOptions } from './conv2d.js';

/** torch.nn.Conv2d with groups = channels and no bias, on NHWC images; state dict: `weight` [channels, 1, height, width]. */
export class DepthwiseConv2d extends Module<tf.Tensor4D, tf.Tensor4D> {
  readonly weight;
  readonly #window: { stride: number; padding: number };

  constructor(channels: number, options: Omit<Conv2dOptions, 'bias'>) {
    super();
    const { kernelSize: k, stride = 1, padding = k >> 1, random, std } = options;
    const shape = [k, k, channels, 1];
    this.weight = this.parameter('weight', shape, convolutionWeights(shape, random, k * k, std), {
      layout: 'depthwise',
    });
    this.#window = { stride, padding };
  }

  /** @param x float32 [batch, height, width, channels]. @returns float32 [batch, outHeight, outWidth, channels]. */
  override forward(x: tf.Tensor4D): tf.Tensor4D {
    return depthwiseConv2d(x, this.weight.variable as tf.Tensor4D, this.#window);
  }
}
