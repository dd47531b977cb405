import * as tf from '@tensorflow/tfjs-core';
import type { Module } from '@unitsphere/core';
import type { Preprocessing } from '@unitsphere/images';
import { l2Normalize, normalizeImages } from '@unitsphere/ops';

/**
 * Converts pixels to a network's input: orders the channels, and computes (pixel / 255 − mean) / std.
 * @param pixels count × imageSize × imageSize × 3 bytes, RGB, row-major, already resized and cropped.
 * @returns float32 [count, imageSize, imageSize, 3].
 * @throws RangeError if the bytes are not a whole number of images.
 */
export function toInput(pixels: Uint8Array, preprocessing: Preprocessing): tf.Tensor4D {
  const { imageSize, channelOrder, mean, std } = preprocessing;
  const size: [number, number] = [imageSize, imageSize];
  if (channelOrder === 'RGB') return normalizeImages(pixels, size, { mean, std });
  return tf.tidy(() =>
    tf.reverse(normalizeImages(pixels, size, { mean: reverse(mean), std: reverse(std) }), 3),
  );
}

/** Options of {@link embedPixels}. */
export interface EmbedPixelsOptions {
  /** Whether embeddings are scaled to unit length. Default: true. */
  normalize?: boolean;
}

/**
 * Computes embeddings of unit length in the model's current mode. Training and inference share this forward pass.
 * @param pixels Images as for {@link toInput}.
 * @returns float32 values, count × embeddingSize, row-major; empty if there are no images.
 */
export async function embedPixels(
  model: Module<tf.Tensor4D, tf.Tensor2D>,
  pixels: Uint8Array,
  preprocessing: Preprocessing,
  { normalize = true }: EmbedPixelsOptions = {},
): Promise<Float32Array> {
  if (pixels.length === 0) return new Float32Array(0);
  const embedded = tf.tidy(() => {
    const output = model.forward(toInput(pixels, preprocessing));
    return normalize ? l2Normalize(output) : output;
  });
  try {
    return (await embedded.data()) as Float32Array;
  } finally {
    embedded.dispose();
  }
}

const reverse = ([a, b, c]: readonly [number, number, number]): [number, number, number] => [c, b, a];
