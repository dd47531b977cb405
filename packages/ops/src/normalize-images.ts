import * as tf from '@tensorflow/tfjs-core';
import { writeTensors } from './tensor-memory.js';
import { normalizeImagesWasm } from './wasm/normalize-images.js';

/** What is taken from a pixel's channels, at 0 to 1, and what the difference is divided by. */
export interface ImageStatistics {
  mean: readonly [number, number, number];
  std: readonly [number, number, number];
}

/**
 * Images of bytes as a network takes them: (byte / 255 − mean) / std of each channel, in float64 and then rounded, the same on
 * every backend. As torchvision's ToTensor and Normalize, in NHWC.
 * @param images count × height × width × 3 bytes, row-major.
 * @param size Height and width in pixels.
 * @returns float32 [count, height, width, 3].
 * @throws RangeError where the bytes do not make whole images, or std has a 0.
 */
export function normalizeImages(
  images: Uint8Array,
  [height, width]: readonly [number, number],
  { mean, std }: ImageStatistics,
): tf.Tensor4D {
  const count = images.length / (height * width * 3);
  if (!Number.isInteger(count)) {
    throw new RangeError(
      `normalizeImages: ${images.length} bytes are not whole ${width}x${height} RGB images.`,
    );
  }
  if (std.includes(0)) throw new RangeError(`normalizeImages: std is [${std.join(', ')}]; none may be 0.`);
  // All that a channel can come to: one division a value would take longer.
  const tables = new Float32Array(3 * 256);
  for (let i = 0; i < tables.length; i++) {
    const channel = i >> 8;
    tables[i] = ((i & 255) / 255 - mean[channel]) / std[channel];
  }
  const shape: [number, number, number, number] = [count, height, width, 3];
  if (tf.getBackend() === 'wasm') return normalizeImagesWasm(images, shape, tables);
  const [tensor] = writeTensors([shape], ([values]) => {
    const to = values;
    for (let i = 0; i < images.length; i += 3) {
      to[i] = tables[images[i]];
      to[i + 1] = tables[256 + images[i + 1]];
      to[i + 2] = tables[512 + images[i + 2]];
    }
  });
  return tensor as tf.Tensor4D;
}
