import { hash } from 'node:crypto';

/** Returns the SHA-256 of bytes: 32 bytes. A page computes it asynchronously. */
export function sha256(bytes: Uint8Array): Uint8Array | Promise<Uint8Array> {
  return hash('sha256', bytes, 'buffer');
}
