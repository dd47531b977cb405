import { HASH_WORDS } from './hash-index.js';

/**
 * Number of 32-bit words of a record, which lists a row in an index file. A record consists of the row's hash (6 words), the
 * CRC-32 of the row's bytes, and a checksum of these and of the record's number. The checksum detects torn writes and misplaced
 * blocks. All words are little-endian.
 */
export const RECORD_WORDS = HASH_WORDS + 2;
export const RECORD_BYTES = 4 * RECORD_WORDS;

/** Magic number and version. The header of an index file is as long as a record, and also has the bytes per row. */
const MAGIC = [0x54464e55, 0x53455455, 1] as const;

/** Returns the header of an index file. */
export function indexHeader(rowBytes: number): Uint32Array {
  const header = new Uint32Array(RECORD_WORDS);
  header.set([...MAGIC, rowBytes]);
  header[RECORD_WORDS - 1] = computeChecksum(header, 0, -1);
  return header;
}

/** Returns whether an index file has a valid header. */
export function isIndexHeader(words: Uint32Array, rowBytes: number): boolean {
  const expected = indexHeader(rowBytes);
  return expected.every((word, i) => word === words[i]);
}

/** Completes the record at `at`, whose hash is set, for row `number` of its segment. */
export function sealRecord(words: Uint32Array, at: number, number: number, crc: number): void {
  words[at + HASH_WORDS] = crc;
  words[at + RECORD_WORDS - 1] = computeChecksum(words, at, number);
}

/** Returns whether the record at `at` is valid and that of row `number` of its segment. */
export function isRecord(words: Uint32Array, at: number, number: number): boolean {
  return words[at + RECORD_WORDS - 1] === computeChecksum(words, at, number);
}

// The checksum of zeros is not 0, so a hole in a file is not a valid record.
function computeChecksum(words: Uint32Array, at: number, number: number): number {
  let h = 0x9e3779b9 ^ number;
  for (let i = 0; i < RECORD_WORDS - 1; i++) {
    h = Math.imul(h ^ words[at + i], 0x85ebca6b);
    h ^= h >>> 15;
  }
  h = Math.imul(h, 0xc2b2ae35);
  return (h ^ (h >>> 13)) >>> 0;
}
