import type * as tf from '@tensorflow/tfjs-core';
import { linear } from '@unitsphere/ops';
import { constant, linearDefault, normal } from '../initializers.js';
import { Module } from '../module.js';
import type { Random } from '../random.js';

/** torch.nn.Linear; state dict: `weight` [outFeatures, inFeatures] and optionally `bias`. */
export class Linear extends Module<tf.Tensor2D, tf.Tensor2D> {
  readonly weight;
  readonly bias;

  /**
   * @param options.bias Whether to add a bias. Default: true, as in PyTorch.
   * @param options.random Random stream of the initial weights and bias, which are drawn from U(±1/sqrt(inFeatures)).
   * @param options.std If given, weights are drawn from N(0, std) and the bias is 0, as in transformers.
   */
  constructor(
    inFeatures: number,
    outFeatures: number,
    { bias = true, random, std }: { bias?: boolean; random: Random; std?: number },
  ) {
    super();
    const shape = [outFeatures, inFeatures];
    const draw = (of: number[]) => linearDefault(of, random, inFeatures);
    this.weight = this.parameter(
      'weight',
      shape,
      std === undefined ? draw(shape) : normal(shape, random, 0, std),
    );
    this.bias = bias
      ? this.parameter(
          'bias',
          [outFeatures],
          std === undefined ? draw([outFeatures]) : constant([outFeatures], 0),
          {
            weightDecay: false,
          },
        )
      : undefined;
  }

  /** @param x float32 [batch, inFeatures]. @returns float32 [batch, outFeatures]. */
  override forward(x: tf.Tensor2D): tf.Tensor2D {
    return linear(x, this.weight.variable as tf.Tensor2D, this.bias?.variable as tf.Tensor1D | undefined);
  }
}
