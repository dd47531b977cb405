import type { Random } from '@unitsphere/core/random';
import type { Image } from '../image.js';
import { toByte } from './transform.js';

/** Adds one value of −20 … 20 levels to each channel, in place (albumentations' RGBShift). */
export function randomRgbShift(image: Image, random: Random): Image {
  const { data } = image;
  for (let channel = 0; channel < 3; channel++) {
    const shift = random.uniform(-20, 20);
    for (let p = channel; p < data.length; p += 3) data[p] = toByte(data[p] + shift);
  }
  return image;
}
