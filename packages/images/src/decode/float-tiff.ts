import type { Channels } from 'sharp';
import { loadSharp } from './load-sharp.js';

/** 8-bit samples of an image, row-major. */
export interface Samples {
  readonly width: number;
  readonly height: number;
  readonly channels: Channels;
  readonly data: Uint8Array;
}

/** Returns whether a file starts as a TIFF, little or big endian. */
export function isTiff(bytes: Uint8Array): boolean {
  const magic = Buffer.from(bytes.subarray(0, 4)).toString('latin1');
  return magic === 'II*\0' || magic === 'MM\0*' || magic === 'II+\0' || magic === 'MM\0+';
}

/**
 * Decodes a TIFF with floating-point samples to 8 bits; undefined for other TIFFs. Samples of at most 1 are taken as the
 * range 0 … 1 of scientific images, larger ones as 0 … 255; a decoder that clips to 0 … 255 would turn the former black.
 * @throws Error if a sample is not finite.
 */
export async function decodeFloatTiff(bytes: Uint8Array): Promise<Samples | undefined> {
  const sharp = await loadSharp();
  const { depth, space } = await sharp(bytes).metadata();
  if (depth !== 'float' && depth !== 'double') return undefined;
  const image = sharp(bytes).autoOrient();
  // libvips takes color samples for linear light, and would apply sRGB's gamma.
  if (space === 'scrgb') image.pipelineColourspace('scrgb').toColourspace('scrgb');
  const { data, info } = await image.raw({ depth: 'float' }).toBuffer({ resolveWithObject: true });
  const samples = new Float32Array(data.buffer, data.byteOffset, data.byteLength / 4);
  let largest = 0;
  for (const sample of samples) {
    if (!Number.isFinite(sample)) throw new Error('has pixels that are not finite numbers');
    if (sample > largest) largest = sample;
  }
  const scale = largest <= 1 ? 255 : 1;
  return {
    width: info.width,
    height: info.height,
    channels: info.channels as Channels,
    data: Uint8ClampedArray.from(samples, (sample) => sample * scale) as unknown as Uint8Array,
  };
}
