import type { Image } from '../image.js';

/** Replaces every byte x with 255 − x, in place (albumentations' InvertImg). */
export function invert(image: Image): Image {
  const { data } = image;
  for (let i = 0; i < data.length; i++) data[i] = 255 - data[i];
  return image;
}
