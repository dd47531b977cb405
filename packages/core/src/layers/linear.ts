import type * as tf from '@tensorflow/tfjs-core';
import { linear } from '@unitsphere/ops';
import { linearDefault } from '../initializers.js';
import { Module } from '../module.js';
import type { Random } from '../random.js';

/** torch.nn.Linear; state dict: `weight` [outFeatures, inFeatures] and, if there is one, `bias`. */
export class Linear extends Module<tf.Tensor2D, tf.Tensor2D> {
  readonly weight;
  readonly bias;

  /** @param options.bias Default true, as in PyTorch. @param options.random The stream of the initial weights, U(±1/sqrt(inFeatures)). */
  constructor(
    inFeatures: number,
    outFeatures: number,
    { bias = true, random }: { bias?: boolean; random: Random },
  ) {
    super();
    const shape = [outFeatures, inFeatures];
    this.weight = this.parameter('weight', shape, linearDefault(shape, random, inFeatures));
    this.bias = bias
      ? this.parameter('bias', [outFeatures], linearDefault([outFeatures], random, inFeatures), {
          weightDecay: false,
        })
      : undefined;
  }

  /** @param x float32 [batch, inFeatures]. @returns float32 [batch, outFeatures]. */
  override forward(x: tf.Tensor2D): tf.Tensor2D {
    return linear(x, this.weight.variable as tf.Tensor2D, this.bias?.variable as tf.Tensor1D | undefined);
  }
}
