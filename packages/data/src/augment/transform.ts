import type { Random } from '@unitsphere/core/random';
import type { Image } from '../image.js';

/**
 * Draws its parameters from the stream and changes the pixels. The image given may be written to: its owner must
 * hold a copy if it is needed again. The result has the same sides and is either that image or a new one.
 */
export type PixelTransform = (image: Image, random: Random) => Image;

/** Rounds to the nearest byte, halves up, and keeps within 0 … 255. */
export function toByte(value: number): number {
  return value <= 0 ? 0 : value >= 255 ? 255 : (value + 0.5) | 0;
}
