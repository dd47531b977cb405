import type * as tf from '@tensorflow/tfjs-core';
import { addBias, conv2d } from '@unitsphere/ops';
import { constant, convolutionWeights } from '../initializers.js';
import { Module } from '../module.js';
import type { Random } from '../random.js';

/** Options of a convolution. */
export interface Conv2dOptions {
  kernelSize: number;
  /** Stride in both dimensions. Default: 1. */
  stride?: number;
  /** Zero padding on every side, in pixels. Default: `kernelSize >> 1`, which keeps the size at stride 1. */
  padding?: number;
  /** Whether to add a bias. Default: false, as a norm usually follows. */
  bias?: boolean;
  /** Random stream of the initial weights, which are drawn from N(0, std). */
  random: Random;
  /** Standard deviation. Default: sqrt(2 / (kernelSize² · outChannels / groups)), as in timm's EfficientNet family. */
  std?: number;
}

/** torch.nn.Conv2d on NHWC images; state dict: `weight` (OIHW on disk) and optionally `bias`. */
export class Conv2d extends Module<tf.Tensor4D, tf.Tensor4D> {
  readonly weight;
  readonly bias;
  readonly #window: { stride: number; padding: number };

  constructor(inChannels: number, outChannels: number, options: Conv2dOptions) {
    super();
    const { kernelSize: k, stride = 1, padding = k >> 1, bias = false, random, std } = options;
    const shape = [k, k, inChannels, outChannels];
    this.weight = this.parameter(
      'weight',
      shape,
      convolutionWeights(shape, random, k * k * outChannels, std),
      {
        layout: 'conv',
      },
    );
    this.bias = bias
      ? this.parameter('bias', [outChannels], constant([outChannels], 0), { weightDecay: false })
      : undefined;
    this.#window = { stride, padding };
  }

  /** @param x float32 [batch, height, width, inChannels]. @returns float32 [batch, outHeight, outWidth, outChannels]. */
  override forward(x: tf.Tensor4D): tf.Tensor4D {
    const y = conv2d(x, this.weight.variable as tf.Tensor4D, this.#window);
    return this.bias ? addBias(y, this.bias.variable as tf.Tensor1D) : y;
  }
}
