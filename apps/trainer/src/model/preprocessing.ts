import type * as tf from '@tensorflow/tfjs-core';
import { normalizeImages } from '@unitsphere/ops';

/** How pixels become the network's input. Saved with the weights, which are useless without it. */
export interface Preprocessing {
  /** Side of the square input in pixels; images are resized to it without regard to their aspect ratio. */
  imageSize: number;
  channelOrder: 'RGB';
  /** Subtracted from pixel / 255, per channel. */
  mean: [number, number, number];
  /** Divides the difference, per channel. */
  std: [number, number, number];
}

/** Returns ImageNet's mean and standard deviation, which timm uses for the LCNet family. */
export function imageNetPreprocessing(imageSize: number): Preprocessing {
  return { imageSize, channelOrder: 'RGB', mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225] };
}

/**
 * Converts images to the network's input.
 * @param images count × size × size × 3 bytes, RGB, row-major.
 * @returns float32 [count, size, size, 3].
 * @throws RangeError if the bytes are not a whole number of images.
 */
export function toInput(images: Uint8Array, { imageSize, mean, std }: Preprocessing): tf.Tensor4D {
  return normalizeImages(images, [imageSize, imageSize], { mean, std });
}
