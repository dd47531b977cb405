import type { RgbImage } from '../image.js';
import { resample } from './resample.js';

/**
 * Resizes an image to side × side with an antialiased triangle filter, without keeping the aspect ratio: `resizeAndCrop` of the crop
 * mode `squash`, bilinear.
 * @param target As in `resample`.
 */
export function squash(image: RgbImage, side: number, target?: Uint8Array): RgbImage {
  return resample(image, side, side, { left: 0, top: 0, width: side, height: side }, 'bilinear', target);
}
