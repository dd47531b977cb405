import { builtinModule } from '@unitsphere/core/disk';

const table = new Uint32Array(256).map((_, byte) => {
  let value = byte;
  for (let bit = 0; bit < 8; bit++) value = value & 1 ? (value >>> 1) ^ 0xedb88320 : value >>> 1;
  return value;
});

/**
 * Computes the CRC-32 of zlib and PNG, as Python's `zlib.crc32(bytes, seed)`.
 * @param seed CRC-32 of the bytes before.
 */
export function crc32(bytes: Uint8Array, seed = 0): number {
  const zlib = globalThis.process && builtinModule('node:zlib');
  if (zlib) return zlib.crc32(bytes, seed);
  let crc = ~seed;
  for (let i = 0; i < bytes.length; i++) crc = table[(crc ^ bytes[i]) & 0xff] ^ (crc >>> 8);
  return ~crc >>> 0;
}
