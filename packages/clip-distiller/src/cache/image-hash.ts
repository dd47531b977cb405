import { createHash } from 'node:crypto';
import { HASH_WORDS } from '@unitsphere/core/disk';
import type { RgbImage } from '@unitsphere/images';

/** Writes 192 bits of the SHA-256 of an image's sides and pixels to `words` from `at`. */
export function hashImage({ width, height, data }: RgbImage, words: Uint32Array, at = 0): void {
  const digest = createHash('sha256').update(`${width}x${height}\n`).update(data).digest();
  for (let i = 0; i < HASH_WORDS; i++) words[at + i] = digest.readUInt32LE(4 * i);
}
