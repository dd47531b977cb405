import * as tf from '@tensorflow/tfjs-core';
import { Conv2d, type Conv2dOptions, DepthwiseConv2d } from '@unitsphere/core';

/** A convolution with TensorFlow's SAME padding, as timm's Conv2dSame: ceil(size / stride) outputs, an odd pixel at the end. */
export class TfConv2d extends Conv2d {
  readonly #options: Conv2dOptions;

  constructor(inChannels: number, outChannels: number, options: Conv2dOptions) {
    super(inChannels, outChannels, { ...options, padding: 0 });
    this.#options = options;
  }

  override forward(x: tf.Tensor4D): tf.Tensor4D {
    return super.forward(padSame(x, this.#options));
  }
}

/** A depthwise convolution with TensorFlow's SAME padding. */
export class TfDepthwiseConv2d extends DepthwiseConv2d {
  readonly #options: Omit<Conv2dOptions, 'bias'>;

  constructor(channels: number, options: Omit<Conv2dOptions, 'bias'>) {
    super(channels, { ...options, padding: 0 });
    this.#options = options;
  }

  override forward(x: tf.Tensor4D): tf.Tensor4D {
    return super.forward(padSame(x, this.#options));
  }
}

function padSame(
  x: tf.Tensor4D,
  { kernelSize, stride = 1 }: Pick<Conv2dOptions, 'kernelSize' | 'stride'>,
): tf.Tensor4D {
  const sides = (size: number): [number, number] => {
    const total = Math.max((Math.ceil(size / stride) - 1) * stride + kernelSize - size, 0);
    return [total >> 1, total - (total >> 1)];
  };
  return tf.pad(x, [[0, 0], sides(x.shape[1]), sides(x.shape[2]), [0, 0]]);
}
