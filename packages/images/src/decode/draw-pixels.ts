import type { RgbImage } from '../image.js';
import { toRgb } from '../image.js';
import { ImageError } from '../image-error.js';

/** Draws an image of a page onto white in its full size, and reads its pixels in sRGB. */
export function drawPixels(image: CanvasImageSource, width: number, height: number): RgbImage {
  const canvas = new OffscreenCanvas(width, height);
  const context = canvas.getContext('2d', { alpha: false, colorSpace: 'srgb', willReadFrequently: true });
  if (!context) {
    throw new ImageError('IMAGE_UNREADABLE', `the browser provides no canvas of ${width} × ${height} pixels`);
  }
  context.fillStyle = '#ffffff';
  context.fillRect(0, 0, width, height);
  context.drawImage(image, 0, 0, width, height);
  let pixels: ImageData;
  try {
    pixels = context.getImageData(0, 0, width, height);
  } catch (cause) {
    throw new ImageError(
      'IMAGE_UNREADABLE',
      'the browser does not give the pixels of this image; if it is from another origin, serve it with CORS and set crossorigin',
      { cause },
    );
  }
  return toRgb(pixels, 'drop');
}
