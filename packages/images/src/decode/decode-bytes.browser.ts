import type { RgbImage } from '../image.js';
import { resample } from '../preprocess/resample.js';
import { grayToRgb } from './gray-to-rgb.js';
import { decodePnm, isPnm } from './pnm.js';
import { readPixels } from './read-pixels.js';

/** Decodes an encoded image in a page or worker, as `decodeBytes` does in Node; the browser rotates and converts colors. */
export async function decodeBytes(bytes: Uint8Array, side?: number): Promise<RgbImage> {
  const image = await decodeFull(bytes);
  if (side === undefined) return image;
  return resample(image, side, side, { left: 0, top: 0, width: side, height: side }, 'bilinear');
}

async function decodeFull(bytes: Uint8Array): Promise<RgbImage> {
  if (bytes.length === 0) throw new Error('the file is empty');
  if (isPnm(bytes)) {
    const { width, height, channels, data } = decodePnm(bytes);
    return { width, height, data: channels === 3 ? data : grayToRgb(data) };
  }
  let bitmap: ImageBitmap;
  try {
    bitmap = await createImageBitmap(new Blob([bytes as Uint8Array<ArrayBuffer>]));
  } catch (cause) {
    throw new Error('the browser cannot decode this image; convert it to JPEG, PNG or WebP', { cause });
  }
  try {
    return readPixels(bitmap, bitmap.width, bitmap.height);
  } finally {
    bitmap.close();
  }
}
