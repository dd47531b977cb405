import type { Random } from '@unitsphere/core/random';
import type { Image } from '../image.js';
import { toByte } from './transform.js';

/** Multiplies every byte by an independent factor, uniform in [low, high), in place. */
export function multiplicativeNoise(image: Image, low: number, high: number, random: Random): Image {
  const { data } = image;
  const scale = (high - low) / 65536;
  const even = data.length & ~1;
  for (let i = 0; i < even; i += 2) {
    const bits = random.uint32();
    data[i] = toByte(data[i] * (low + (bits & 65535) * scale));
    data[i + 1] = toByte(data[i + 1] * (low + (bits >>> 16) * scale));
  }
  if (even < data.length) data[even] = toByte(data[even] * (low + (random.uint32() >>> 16) * scale));
  return image;
}

/**
 * Applies albumentations' MultiplicativeNoise with DocClassifier's settings: factors 0.5 … 1.5, one per channel and
 * pixel (albumentations' default is one factor of 0.9 … 1.1 for the whole image).
 */
export function randomMultiplicativeNoise(image: Image, random: Random): Image {
  return multiplicativeNoise(image, 0.5, 1.5, random);
}
