import * as tf from '@tensorflow/tfjs-core';
import { inputValues, type PixelImage, type Preprocessing } from '@unitsphere/images';

/**
 * Converts images to a network's input: resizes and crops them, orders the channels, and computes (pixel / 255 − mean) / std.
 * @param images RGB or RGBA of any size; alpha is dropped.
 * @returns float32 [images, imageSize, imageSize, 3].
 * @throws RangeError if there are no images, or an image's bytes do not match its sides.
 */
export function preprocessImages(images: readonly PixelImage[], preprocessing: Preprocessing): tf.Tensor4D {
  if (images.length === 0) throw new RangeError('preprocessImages: give at least one image.');
  const { imageSize } = preprocessing;
  return tf.tensor4d(inputValues(images, preprocessing), [images.length, imageSize, imageSize, 3]);
}
