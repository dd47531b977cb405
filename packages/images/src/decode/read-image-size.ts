import { ImageError } from '../image-error.js';
import { loadSharp } from './load-sharp.js';
import { decodePnm, isPnm } from './pnm.js';

/**
 * Returns the size in pixels of an encoded image as `decodeBytes` decodes it: upright, the first page. Reads the header only, except
 * of PNM; a page decodes the image.
 * @throws ImageError if the bytes cannot be read, or sharp is not installed.
 */
export async function readImageSize(bytes: Uint8Array): Promise<{ width: number; height: number }> {
  const sharp = await loadSharp();
  try {
    if (isPnm(bytes)) {
      const { width, height } = decodePnm(bytes);
      return { width, height };
    }
    const { width, height, orientation = 1 } = await sharp(bytes).metadata();
    // EXIF orientations above 4 swap the sides.
    return orientation > 4 ? { width: height, height: width } : { width, height };
  } catch (error) {
    const message = error instanceof Error ? error.message.trim().split('\n')[0] : String(error);
    throw new ImageError('IMAGE_UNREADABLE', message, { cause: error });
  }
}
