import type { Random } from '@unitsphere/core/random';
import type { Image } from '../image.js';
import { fillNormal } from './normal-table.js';
import { toByte } from './transform.js';

/**
 * Adds independent normal noise to every byte, in place.
 * @param variance Variance in squared levels of 0 … 255.
 */
export function gaussianNoise(image: Image, variance: number, random: Random): Image {
  const { data } = image;
  const noise = new Float32Array(data.length);
  fillNormal(noise, Math.sqrt(variance), random);
  for (let i = 0; i < data.length; i++) data[i] = toByte(data[i] + noise[i]);
  return image;
}

/** Applies albumentations 1's GaussNoise: variance 10 … 50, mean 0, independent noise per channel. */
export function randomGaussianNoise(image: Image, random: Random): Image {
  return gaussianNoise(image, random.uniform(10, 50), random);
}
