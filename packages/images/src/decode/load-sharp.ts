import type sharp from 'sharp';

/** Imports sharp, an optional peer dependency. @throws Error that says how to install it. */
export async function loadSharp(): Promise<typeof sharp> {
  try {
    return (await import('sharp')).default;
  } catch (cause) {
    throw new Error('Decoding images in Node requires sharp; install it: npm install sharp', { cause });
  }
}
