import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { decodeBytes } from '@unitsphere/images';

/** The pixels of a file, with the hash of its bytes. */
export interface DecodedFile {
  /** side × side × 3 bytes. */
  readonly pixels: Uint8Array;
  /** SHA-256 of the file, 64 hexadecimal digits. */
  readonly sha256: string;
}

/**
 * Reads a file and decodes it to side × side RGB, as `decodeBytes` of @unitsphere/images.
 * @throws Error if the file cannot be read or decoded.
 */
export async function decodeFile(file: string | Buffer, side: number): Promise<DecodedFile> {
  const bytes = await readFile(file);
  const { data } = await decodeBytes(bytes, side);
  return { pixels: data, sha256: createHash('sha256').update(bytes).digest('hex') };
}
