import * as tf from '@tensorflow/tfjs-core';
import { Conv2d, Module, type Random } from '@unitsphere/core';
import { globalAveragePool, hardSigmoid, relu, scaleChannels } from '@unitsphere/ops';

/** Squeeze-and-excitation (Hu et al., 2018) with a hard-sigmoid gate, as timm's; state dict: `conv_reduce`, `conv_expand`. */
export class SqueezeExcite extends Module<tf.Tensor4D, tf.Tensor4D> {
  private readonly reduce;
  private readonly expand;

  /** @param ratio Of the squeezed channels to all. */
  constructor(channels: number, ratio: number, random: Random) {
    super();
    const squeezed = Math.round(channels * ratio);
    const options = { kernelSize: 1, bias: true };
    this.reduce = this.child(
      'conv_reduce',
      new Conv2d(channels, squeezed, { ...options, random: random.fork('reduce') }),
    );
    this.expand = this.child(
      'conv_expand',
      new Conv2d(squeezed, channels, { ...options, random: random.fork('expand') }),
    );
  }

  override forward(x: tf.Tensor4D): tf.Tensor4D {
    const [batch, , , channels] = x.shape;
    const pooled = tf.reshape(globalAveragePool(x), [batch, 1, 1, channels]) as tf.Tensor4D;
    const gate = hardSigmoid(this.expand.forward(relu(this.reduce.forward(pooled))));
    return scaleChannels(x, tf.reshape(gate, [batch, channels]) as tf.Tensor2D);
  }
}
