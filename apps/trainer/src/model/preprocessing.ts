import type * as tf from '@tensorflow/tfjs-core';
import { normalizeImages } from '@unitsphere/ops';

/** How pixels become the network's input; saved beside the weights because they mean nothing without it. */
export interface Preprocessing {
  /** Side of the square input in pixels; images are resized to it whatever their aspect ratio. */
  imageSize: number;
  channelOrder: 'RGB';
  /** Taken from pixel / 255, per channel. */
  mean: [number, number, number];
  /** What the difference is divided by, per channel. */
  std: [number, number, number];
}

/** timm's for the LCNet family: ImageNet's mean and standard deviation. */
export function imageNetPreprocessing(imageSize: number): Preprocessing {
  return { imageSize, channelOrder: 'RGB', mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225] };
}

/**
 * Images as the network takes them.
 * @param images count × size × size × 3 bytes, RGB, row-major.
 * @returns float32 [count, size, size, 3].
 * @throws RangeError when the bytes do not make whole images.
 */
export function toInput(images: Uint8Array, { imageSize, mean, std }: Preprocessing): tf.Tensor4D {
  return normalizeImages(images, [imageSize, imageSize], { mean, std });
}
