import { type PixelImage, type RgbImage, toRgb } from '../image.js';
import { ImageError } from '../image-error.js';
import type { DrawableImage } from '../image-input.js';

/** A canvas that works without a page, such as that of @napi-rs/canvas. */
interface NodeCanvas {
  readonly width: number;
  readonly height: number;
  getContext(kind: '2d'): { getImageData(x: number, y: number, width: number, height: number): PixelImage };
}

/** Reads a canvas in Node. @throws ImageError if only a page can draw the image. */
export function readDrawable(image: DrawableImage): RgbImage {
  if (!('getContext' in image)) {
    throw new ImageError(
      'IMAGE_UNSUPPORTED',
      'this object is no image in Node; give a path, bytes, pixels or a canvas',
    );
  }
  const { width, height } = image;
  return toRgb((image as NodeCanvas).getContext('2d').getImageData(0, 0, width, height), 'white');
}
