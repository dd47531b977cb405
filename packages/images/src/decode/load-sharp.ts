import type sharp from 'sharp';
import { ImageError } from '../image-error.js';

/** Imports sharp, an optional peer dependency. @throws ImageError that says how to install it. */
export async function loadSharp(): Promise<typeof sharp> {
  try {
    return (await import('sharp')).default;
  } catch (cause) {
    throw new ImageError(
      'SHARP_MISSING',
      'decoding images in Node requires sharp; install it: npm install sharp',
      {
        cause,
      },
    );
  }
}
