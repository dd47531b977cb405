import { type RgbImage, toRgb } from '../image.js';
import { ImageError } from '../image-error.js';
import { squash } from '../preprocess/squash.js';
import { drawPixels } from './draw-pixels.js';
import { decodePnm, isPnm } from './pnm.js';

/** Decodes an encoded image in a page or worker, as `decodeBytes` does in Node; the browser rotates and converts colors. */
export async function decodeBytes(bytes: Uint8Array, side?: number): Promise<RgbImage> {
  const image = await decodeFull(bytes);
  return side === undefined ? image : squash(image, side);
}

async function decodeFull(bytes: Uint8Array): Promise<RgbImage> {
  if (bytes.length === 0) throw new ImageError('IMAGE_UNREADABLE', 'the file is empty');
  if (isPnm(bytes)) return toRgb(decodePnm(bytes), 'white');
  let bitmap: ImageBitmap;
  try {
    bitmap = await createImageBitmap(new Blob([new Uint8Array(bytes)]));
  } catch (cause) {
    throw new ImageError(
      'IMAGE_UNREADABLE',
      'not an image that this browser can decode; convert it to JPEG, PNG or WebP',
      { cause },
    );
  }
  try {
    return drawPixels(bitmap, bitmap.width, bitmap.height);
  } finally {
    bitmap.close();
  }
}
