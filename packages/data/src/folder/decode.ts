import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import type { OutputInfo, SharpOptions } from 'sharp';
import { decodeFloatTiff, isTiff } from './float-tiff.js';
import { decodePnm, isPnm } from './pnm.js';

/** Version of the decoder's output; part of the cache's key. Increase it when decoded pixels change. */
export const DECODER_VERSION = 2;

/** Extensions of the files that are decoded; other files are skipped and reported. */
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

/** The pixels of a file, with the hash of its bytes. */
export interface DecodedFile {
  /** side × side × 3 bytes. */
  readonly pixels: Uint8Array;
  /** SHA-256 of the file, 64 hexadecimal digits. */
  readonly sha256: string;
}

/**
 * Decodes the first page of a file to side × side RGB, 8 bits per channel: rotated according to EXIF, composed onto
 * white, converted to sRGB, and resized with a triangle filter without keeping the aspect ratio.
 * @throws Error if the file cannot be read or decoded.
 */
export async function decodeFile(file: string | Buffer, side: number): Promise<DecodedFile> {
  const bytes = await readFile(file);
  if (bytes.length === 0) throw new Error('the file is empty');
  return { pixels: await decodeBytes(bytes, side), sha256: createHash('sha256').update(bytes).digest('hex') };
}

async function decodeBytes(bytes: Buffer, side: number): Promise<Uint8Array> {
  const { default: decode } = await import('sharp');
  const options: SharpOptions = { failOn: 'error' };
  let result: { data: Buffer; info: OutputInfo };
  try {
    const raw = isPnm(bytes) ? decodePnm(bytes) : isTiff(bytes) ? await decodeFloatTiff(bytes) : undefined;
    if (raw) options.raw = { width: raw.width, height: raw.height, channels: raw.channels };
    result = await decode(raw ? raw.data : bytes, options)
      .autoOrient()
      .flatten({ background: '#ffffff' })
      .toColourspace('srgb')
      .resize(side, side, { fit: 'fill', kernel: 'linear' })
      .raw({ depth: 'uchar' })
      .toBuffer({ resolveWithObject: true });
  } catch (error) {
    throw new Error(describeError(error, bytes));
  }
  const { data, info } = result;
  if (info.channels === 3) return data;
  if (info.channels !== 1) throw new Error(`decodes to ${info.channels} channels, not 1 or 3`);
  const rgb = new Uint8Array(side * side * 3);
  for (let i = 0; i < data.length; i++) rgb[3 * i] = rgb[3 * i + 1] = rgb[3 * i + 2] = data[i];
  return rgb;
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
