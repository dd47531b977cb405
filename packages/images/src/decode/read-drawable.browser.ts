import type { RgbImage } from '../image.js';
import { ImageError } from '../image-error.js';
import type { DrawableImage } from '../image-input.js';
import { drawPixels } from './draw-pixels.js';

/** Reads what a page can draw. @throws ImageError if it has no pixels yet. */
export function readDrawable(image: DrawableImage): RgbImage {
  const [width, height, hint] = sidesOf(image);
  if (!(width > 0 && height > 0)) {
    throw new ImageError('IMAGE_UNREADABLE', `the image has no pixels${hint && `: ${hint}`}`);
  }
  return drawPixels(image as CanvasImageSource, width, height);
}

function sidesOf(image: DrawableImage): [width: number, height: number, hint: string] {
  if ('naturalWidth' in image) {
    return [image.naturalWidth, image.naturalHeight, 'wait for it to load: await image.decode()'];
  }
  if ('videoWidth' in image) {
    return [image.videoWidth, image.videoHeight, 'wait for the first frame: the event loadeddata'];
  }
  if ('displayWidth' in image) return [image.displayWidth, image.displayHeight, 'the frame is closed'];
  if ('close' in image || 'getContext' in image) return [image.width, image.height, ''];
  throw new ImageError(
    'IMAGE_UNSUPPORTED',
    'this object is no image; give a File, bytes, pixels, ImageBitmap, canvas, <img>, <video> or VideoFrame',
  );
}
