import type { OutputInfo, SharpOptions } from 'sharp';
import { type RgbImage, toRgb } from '../image.js';
import { ImageError } from '../image-error.js';
import { squash } from '../preprocess/squash.js';
import { decodePlainJpeg } from './decode-plain-jpeg.js';
import { decodeFloatTiff, isTiff } from './float-tiff.js';
import { loadSharp } from './load-sharp.js';
import { decodePnm, isPnm } from './pnm.js';

/**
 * Decodes the first page of an encoded image to RGB, 8 bits per channel: rotated according to EXIF, composed onto white, and
 * converted to sRGB.
 * @param side If given, the result is side × side: resized with a triangle filter, without keeping the aspect ratio. The decoder
 *   reads JPEG at a reduced size if it can, which is faster, so pixels may differ by rounding from those of `resizeAndCrop`.
 * @param target Memory that the result may use if it has the result's length, to allocate less. Do not read it afterwards; read the
 *   result.
 * @throws ImageError if the bytes cannot be decoded, or sharp is not installed.
 */
export async function decodeBytes(bytes: Uint8Array, side?: number, target?: Uint8Array): Promise<RgbImage> {
  if (bytes.length === 0) throw new ImageError('IMAGE_UNREADABLE', 'the file is empty');
  const plain = await decodePlainJpeg(bytes, side, target);
  if (plain) return fit(plain, side, target);
  const sharp = await loadSharp();
  const options: SharpOptions = { failOn: 'error' };
  let result: { data: Buffer; info: OutputInfo };
  try {
    const raw = isPnm(bytes) ? decodePnm(bytes) : isTiff(bytes) ? await decodeFloatTiff(bytes) : undefined;
    if (raw) options.raw = { width: raw.width, height: raw.height, channels: raw.channels };
    const image = sharp(raw ? raw.data : bytes, options);
    const { width, height, hasAlpha, hasProfile, orientation = 1, space, depth } = await image.metadata();
    // libvips enlarges with a shift of half a pixel.
    const canShrink = side !== undefined && Math.min(width, height) >= side;
    // Most files need none of these, and each would convert the pixels at their full size.
    if (orientation !== 1) image.autoOrient();
    if (hasAlpha) image.flatten({ background: '#ffffff' });
    if (hasProfile || space !== 'srgb' || depth !== 'uchar') image.toColourspace('srgb');
    if (canShrink) image.resize(side, side, { fit: 'fill', kernel: 'linear' });
    result = await image.raw({ depth: 'uchar' }).toBuffer({ resolveWithObject: true });
  } catch (error) {
    throw new ImageError('IMAGE_UNREADABLE', describeError(error, bytes), { cause: error });
  }
  const { data, info } = result;
  const { width, height, channels } = info;
  if (channels !== 1 && channels !== 3) {
    throw new ImageError('IMAGE_UNREADABLE', `decodes to ${channels} channels, not 1 or 3`);
  }
  return fit(toRgb({ width, height, data, channels }, 'drop'), side, target);
}

function fit(image: RgbImage, side: number | undefined, target: Uint8Array | undefined): RgbImage {
  const isFit = side === undefined || (image.width === side && image.height === side);
  // An image of other sides may have as many bytes as the result.
  return isFit ? image : squash(image, side, image.data === target ? undefined : target);
}

/** Describes a decoding error in one line. */
function describeError(error: unknown, bytes: Uint8Array): string {
  const message = error instanceof Error ? error.message.trim().split('\n')[0] : String(error);
  if (/unsupported image format/i.test(message)) {
    const start = Buffer.from(bytes.subarray(0, 16))
      .toString('latin1')
      .replace(/[^\x20-\x7e]/g, '.');
    return `not an image in a known format, despite its extension (it begins with "${start}")`;
  }
  return message;
}
