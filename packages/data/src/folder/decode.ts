import { readFile } from 'node:fs/promises';
import type { OutputInfo, SharpOptions } from 'sharp';
import { decodePnm, isPnm } from './pnm.js';

/** Changes when the same file would decode to other pixels, so that old caches are not read. */
export const DECODER_VERSION = 1;

/** Endings of files that are decoded; other files are left out and reported. */
export const IMAGE_EXTENSIONS: readonly string[] = [
  '.jpg',
  '.jpeg',
  '.jfif',
  '.png',
  '.webp',
  '.gif',
  '.tif',
  '.tiff',
  '.avif',
  '.pgm',
  '.ppm',
  '.pbm',
  '.pnm',
];

/**
 * Decodes a file to side × side RGB: turned as its EXIF says, alpha on white, any color space to sRGB, 8 bits, the
 * aspect ratio not kept, resized by a triangle filter (bilinear, widened where it shrinks). The first page only.
 * @throws Error saying what is wrong with the file.
 */
export async function decodeFile(file: string, side: number): Promise<Uint8Array> {
  const { default: decode } = await import('sharp');
  const bytes = await readFile(file);
  if (bytes.length === 0) throw new Error('the file is empty');
  const pnm = isPnm(bytes) ? decodePnm(bytes) : undefined;
  const options: SharpOptions = { failOn: 'error' };
  if (pnm) options.raw = { width: pnm.width, height: pnm.height, channels: pnm.channels };
  let result: { data: Buffer; info: OutputInfo };
  try {
    result = await decode(pnm ? pnm.data : bytes, options)
      .autoOrient()
      .flatten({ background: '#ffffff' })
      .toColourspace('srgb')
      .resize(side, side, { fit: 'fill', kernel: 'linear' })
      .raw({ depth: 'uchar' })
      .toBuffer({ resolveWithObject: true });
  } catch (error) {
    throw new Error(explain(error, bytes));
  }
  const { data, info } = result;
  if (info.channels === 3) return data;
  if (info.channels !== 1) throw new Error(`it decodes to ${info.channels} channels, not 1 or 3`);
  const rgb = new Uint8Array(side * side * 3);
  for (let i = 0; i < data.length; i++) rgb[3 * i] = rgb[3 * i + 1] = rgb[3 * i + 2] = data[i];
  return rgb;
}

function explain(error: unknown, bytes: Uint8Array): string {
  const message = error instanceof Error ? error.message.trim().split('\n')[0] : String(error);
  if (/unsupported image format/i.test(message)) {
    const start = Buffer.from(bytes.subarray(0, 16))
      .toString('latin1')
      .replace(/[^\x20-\x7e]/g, '.');
    return `not an image in a known format, whatever its name says (it begins "${start}")`;
  }
  return message;
}
