import type { Random } from '@unitsphere/core/random';
import type { Image } from '../image.js';

/**
 * A transform that draws its parameters from the stream and changes the pixels. It may write to the image, so a caller
 * that still needs the original must copy it. The result is the same image or a new one of equal size.
 */
export type PixelTransform = (image: Image, random: Random) => Image;

/** Rounds to the nearest integer, halves up, and clamps to 0 … 255. */
export function toByte(value: number): number {
  return value <= 0 ? 0 : value >= 255 ? 255 : (value + 0.5) | 0;
}
