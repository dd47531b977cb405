import { decodeBytes } from './decode/decode-bytes.js';
import { readDrawable } from './decode/read-drawable.js';
import { readFileBytes } from './decode/read-file-bytes.js';
import { type PixelImage, type RgbImage, toRgb } from './image.js';
import { ImageError } from './image-error.js';
import type { DrawableImage, ImageInput } from './image-input.js';

/**
 * Decodes an image to RGB of 8 bits per channel in its full size: rotated according to EXIF, composed onto white if transparent,
 * converted to sRGB; the first page or frame. In Node, sharp decodes JPEG, PNG, WebP, GIF, AVIF and TIFF, and we decode PNM and
 * TIFF with floating-point samples. A page decodes what its browser can, and PNM.
 * @throws ImageError if the image cannot be read.
 * @throws RangeError if pixels do not match their sides.
 */
export async function decodeImage(input: ImageInput): Promise<RgbImage> {
  if (typeof input === 'string' || input instanceof URL) {
    const bytes = await readFileBytes(input);
    return named(String(input), () => decodeBytes(bytes));
  }
  if (input instanceof ArrayBuffer) return named('the image', () => decodeBytes(new Uint8Array(input)));
  if (ArrayBuffer.isView(input)) {
    const bytes = new Uint8Array(input.buffer, input.byteOffset, input.byteLength);
    return named('the image', () => decodeBytes(bytes));
  }
  if (typeof input !== 'object' || input === null) {
    throw new ImageError(
      'IMAGE_UNSUPPORTED',
      `an image cannot be read from ${typeof input}; give a path, bytes or pixels`,
    );
  }
  if ('arrayBuffer' in input) {
    const bytes = new Uint8Array(await input.arrayBuffer());
    return named('name' in input ? String(input.name) : 'the image', () => decodeBytes(bytes));
  }
  // The canvas of @napi-rs/canvas has a method `data`.
  if ('data' in input && typeof input.data === 'object') return readPixelImage(input);
  return readDrawable(input as DrawableImage);
}

function readPixelImage(image: PixelImage & { colorSpace?: string }): RgbImage {
  if (image.colorSpace !== undefined && image.colorSpace !== 'srgb') {
    throw new ImageError(
      'IMAGE_UNSUPPORTED',
      `ImageData in ${image.colorSpace} is not supported; read it with getImageData(…, { colorSpace: 'srgb' })`,
    );
  }
  return toRgb(image, 'white');
}

/** Prepends the image's name to the message of an error. */
async function named(name: string, decode: () => Promise<RgbImage>): Promise<RgbImage> {
  try {
    return await decode();
  } catch (error) {
    if (!(error instanceof ImageError)) throw error;
    throw new ImageError(error.code, `${name}: ${error.message}`, { cause: error.cause });
  }
}
