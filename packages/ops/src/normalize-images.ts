import * as tf from '@tensorflow/tfjs-core';
import { writeTensors } from './tensor-memory.js';
import { normalizeImagesWasm } from './wasm/normalize-images.js';

/** Mean and standard deviation of each RGB channel, for values in [0, 1]. */
export interface ImageStatistics {
  mean: readonly [number, number, number];
  std: readonly [number, number, number];
}

/**
 * Normalizes images of bytes: (byte / 255 − mean) / std for each channel, as torchvision's ToTensor and Normalize, in NHWC.
 * Values are computed in float64 and then rounded, so they are the same on every backend.
 * @param images count × height × width × 3 bytes, row-major.
 * @param size Height and width in pixels.
 * @returns float32 [count, height, width, 3].
 * @throws RangeError if the bytes are not whole images, or std contains 0.
 */
export function normalizeImages(
  images: Uint8Array,
  [height, width]: readonly [number, number],
  statistics: ImageStatistics,
): tf.Tensor4D {
  const count = images.length / (height * width * 3);
  if (!Number.isInteger(count)) {
    throw new RangeError(
      `normalizeImages: ${images.length} bytes are not whole ${width}x${height} RGB images.`,
    );
  }
  const tables = pixelTables(statistics);
  const shape: [number, number, number, number] = [count, height, width, 3];
  if (tf.getBackend() === 'wasm') return normalizeImagesWasm(images, shape, tables);
  const [tensor] = writeTensors([shape], ([values]) => {
    for (let i = 0; i < images.length; i += 3) {
      values[i] = tables[images[i]];
      values[i + 1] = tables[256 + images[i + 1]];
      values[i + 2] = tables[512 + images[i + 2]];
    }
  });
  return tensor as tf.Tensor4D;
}

/**
 * Returns the normalized value of each of 256 bytes, channel by channel: float32 [3, 256].
 * @throws RangeError if std contains 0.
 */
export function pixelTables({ mean, std }: ImageStatistics): Float32Array {
  if (std.includes(0))
    throw new RangeError(`normalizeImages: std is [${std.join(', ')}]; no value may be 0.`);
  // A table of each channel's 256 values is faster than one division per value.
  const tables = new Float32Array(3 * 256);
  for (let i = 0; i < tables.length; i++) {
    const channel = i >> 8;
    tables[i] = ((i & 255) / 255 - mean[channel]) / std[channel];
  }
  return tables;
}
