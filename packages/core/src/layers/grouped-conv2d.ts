import type * as tf from '@tensorflow/tfjs-core';
import { groupedConv2d } from '@unitsphere/ops';
import { convolutionWeights } from '../initializers.js';
import { Module } from '../module.js';
import type { Conv2dOptions } from './conv2d.js';

/**
 * torch.nn.Conv2d with groups and no bias, on NHWC images; state dict: `weight`
 * [outChannels, inChannels / groups, height, width].
 */
export class GroupedConv2d extends Module<tf.Tensor4D, tf.Tensor4D> {
  readonly weight;
  readonly #window: { stride: number; padding: number };

  /** @throws RangeError if `groups` does not divide both channel counts. */
  constructor(inChannels: number, outChannels: number, groups: number, options: Omit<Conv2dOptions, 'bias'>) {
    super();
    if (!Number.isInteger(groups) || groups < 1 || inChannels % groups || outChannels % groups) {
      throw new RangeError(
        `GroupedConv2d: groups must divide inChannels (${inChannels}) and outChannels (${outChannels}), not ${groups}.`,
      );
    }
    const { kernelSize: k, stride = 1, padding = k >> 1, random, std } = options;
    const shape = [k, k, inChannels / groups, outChannels];
    const fanOut = (k * k * outChannels) / groups;
    this.weight = this.parameter('weight', shape, convolutionWeights(shape, random, fanOut, std), {
      layout: 'conv',
    });
    this.#window = { stride, padding };
  }

  /** @param x float32 [batch, height, width, inChannels]. @returns float32 [batch, outHeight, outWidth, outChannels]. */
  override forward(x: tf.Tensor4D): tf.Tensor4D {
    return groupedConv2d(x, this.weight.variable as tf.Tensor4D, this.#window);
  }
}
