import type { Image } from '../image.js';
import { luminance } from '../luminance.js';

/** Sets all three channels to the luminance (ITU-R BT.601), in place (albumentations' ToGray). */
export function toGray(image: Image): Image {
  const { data } = image;
  for (let p = 0; p < data.length; p += 3) {
    data[p] = data[p + 1] = data[p + 2] = luminance(data, p) + 0.5;
  }
  return image;
}
