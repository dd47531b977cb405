import * as tf from '@tensorflow/tfjs-core';
import { Conv2d, Module, type Random } from '@unitsphere/core';
import { globalAveragePool, hardSigmoid, relu, scaleChannels, sigmoid, silu } from '@unitsphere/ops';

/** Options of `SqueezeExcite`. */
export interface SqueezeExciteOptions {
  /** Activation between the two convolutions. Default 'relu'. */
  activation?: 'relu' | 'silu';
  /** Function of the gate. Default 'hard_sigmoid'. */
  gate?: 'hard_sigmoid' | 'sigmoid';
}

/**
 * Squeeze-and-excitation (Hu et al., 2018), as in timm: multiplies each channel by a gate computed from the means of all
 * channels. State dict: `conv_reduce`, `conv_expand`.
 */
export class SqueezeExcite extends Module<tf.Tensor4D, tf.Tensor4D> {
  readonly #reduce;
  readonly #expand;
  readonly #activation;
  readonly #gate;

  /** @param squeezed Number of channels between the two convolutions. */
  constructor(
    channels: number,
    squeezed: number,
    random: Random,
    { activation = 'relu', gate = 'hard_sigmoid' }: SqueezeExciteOptions = {},
  ) {
    super();
    const options = { kernelSize: 1, bias: true };
    this.#reduce = this.child(
      'conv_reduce',
      new Conv2d(channels, squeezed, { ...options, random: random.fork('reduce') }),
    );
    this.#expand = this.child(
      'conv_expand',
      new Conv2d(squeezed, channels, { ...options, random: random.fork('expand') }),
    );
    this.#activation = { relu, silu }[activation];
    this.#gate = { hard_sigmoid: hardSigmoid, sigmoid }[gate];
  }

  override forward(x: tf.Tensor4D): tf.Tensor4D {
    const [batch, , , channels] = x.shape;
    const pooled = tf.reshape(globalAveragePool(x), [batch, 1, 1, channels]) as tf.Tensor4D;
    const gate = this.#gate(this.#expand.forward(this.#activation(this.#reduce.forward(pooled))));
    return scaleChannels(x, tf.reshape(gate, [batch, channels]) as tf.Tensor2D);
  }
}
