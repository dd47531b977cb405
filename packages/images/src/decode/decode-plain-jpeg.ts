import type { ImageFunctions } from '@unitsphere/native';
import type sharp from 'sharp';
import type { RgbImage } from '../image.js';
import { nativeImageFunctions } from '../native-functions.js';

let decoder: Promise<ImageFunctions['decodeJpeg'] | undefined> | undefined;

/**
 * Decodes a JPEG file that needs no conversion with `@unitsphere/native`: to the same pixels as sharp, without the milliseconds
 * that sharp takes for a small file.
 * @param side As in `decodeBytes`. If the image is smaller, it keeps its size.
 * @param target As in `decodeBytes`.
 * @returns Undefined if another decoder must be used: for other files, and where the addon is absent or decodes differently from
 *   the installed sharp.
 */
export async function decodePlainJpeg(
  bytes: Uint8Array,
  side = 0,
  target?: Uint8Array,
): Promise<RgbImage | undefined> {
  if (bytes[0] !== 0xff || bytes[1] !== 0xd8) return undefined;
  decoder ??= chooseDecoder();
  const decoding = (await decoder)?.(bytes, side, target);
  const data = await decoding?.[2];
  return decoding && data && { width: decoding[0], height: decoding[1], data };
}

async function chooseDecoder(): Promise<ImageFunctions['decodeJpeg'] | undefined> {
  const decode = nativeImageFunctions()?.decodeJpeg;
  if (!decode) return undefined;
  try {
    const { default: sharp } = await import('sharp');
    return (await decodesAlike(sharp, decode)) ? decode : undefined;
  } catch {
    // sharp is not installed: the error says so only where it is required.
    return decode;
  }
}

/** Size of an image, and a side where libvips before 8.17 and from 8.19 on compute other weights. */
const [WIDTH, HEIGHT, SIDE] = [53, 132, 15];

/** Compares the two decoders on one image, in its size and reduced. */
async function decodesAlike(library: typeof sharp, decode: ImageFunctions['decodeJpeg']): Promise<boolean> {
  const pixels = Uint8Array.from(
    { length: WIDTH * HEIGHT * 3 },
    (_, i) => (i * i * 31 + (i >> 3) * 17) & 255,
  );
  const raw = { width: WIDTH, height: HEIGHT, channels: 3 } as const;
  const jpeg = await library(pixels, { raw }).jpeg({ quality: 90 }).toBuffer();
  const reduced = library(jpeg).resize(SIDE, SIDE, { fit: 'fill', kernel: 'linear' });
  const expected = await Promise.all([library(jpeg), reduced].map((image) => image.raw().toBuffer()));
  const decoded = await Promise.all([0, SIDE].map((side) => decode(jpeg, side)?.[2]));
  return expected.every((bytes, i) => decoded[i] !== undefined && bytes.equals(decoded[i]));
}
