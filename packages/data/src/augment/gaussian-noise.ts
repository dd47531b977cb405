import type { Random } from '@unitsphere/core/random';
import type { Image } from '../image.js';
import { addNormal } from './normal-table.js';

/**
 * Adds independent normal noise to every byte, in place.
 * @param variance Variance in squared levels of 0 … 255.
 */
export function gaussianNoise(image: Image, variance: number, random: Random): Image {
  addNormal(image.data, Math.sqrt(variance), random);
  return image;
}

/** Applies albumentations 1's GaussNoise: variance 10 … 50, mean 0, independent noise per channel. */
export function randomGaussianNoise(image: Image, random: Random): Image {
  return gaussianNoise(image, random.uniform(10, 50), random);
}
