import { sha256 } from './sha256.js';

/**
 * Returns the SHA-256 of an encoded image. With a region, it is that of the image's hash and the region's coordinates, because one
 * file may hold several images.
 */
export async function contentHash(bytes: Uint8Array, region: Float64Array | undefined): Promise<Uint8Array> {
  const hash = await sha256(bytes);
  if (!region) return hash;
  const text = new TextEncoder().encode(` ${region.join(' ')}`);
  const both = new Uint8Array(hash.length + text.length);
  both.set(hash);
  both.set(text, hash.length);
  return sha256(both);
}
