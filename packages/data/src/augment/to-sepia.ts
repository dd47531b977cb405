import type { Image } from '../image.js';
import { toByte } from './transform.js';

/** Applies a sepia tone, in place (albumentations' ToSepia and its matrix). */
export function toSepia(image: Image): Image {
  const { data } = image;
  for (let p = 0; p < data.length; p += 3) {
    const r = data[p];
    const g = data[p + 1];
    const b = data[p + 2];
    data[p] = toByte(0.393 * r + 0.769 * g + 0.189 * b);
    data[p + 1] = toByte(0.349 * r + 0.686 * g + 0.168 * b);
    data[p + 2] = toByte(0.272 * r + 0.534 * g + 0.131 * b);
  }
  return image;
}
