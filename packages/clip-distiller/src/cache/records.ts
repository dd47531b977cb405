import { HASH_WORDS } from './hash-index.js';

/**
 * How a row is listed in an index file: 8 words of 32 bits, little-endian: the image's hash (6), the CRC-32 of the row's
 * bytes, and a check of the seven before and of the record's place, so that neither a torn write nor a displaced block passes.
 */
export const RECORD_WORDS = HASH_WORDS + 2;
export const RECORD_BYTES = 4 * RECORD_WORDS;

/** An index file begins with one record's bytes of its own: a name, a version, and the bytes of a row. */
const MAGIC = [0x54464e55, 0x53455455, 1] as const;

/** The first bytes of an index file. */
export function indexHeader(rowBytes: number): Uint32Array {
  const header = new Uint32Array(RECORD_WORDS);
  header.set([...MAGIC, rowBytes]);
  header[RECORD_WORDS - 1] = checkOf(header, 0, -1);
  return header;
}

/** Whether an index file begins as it should. */
export function isIndexHeader(words: Uint32Array, rowBytes: number): boolean {
  const expected = indexHeader(rowBytes);
  return expected.every((word, i) => word === words[i]);
}

/** Makes the record at `at` one of its segment's `number`-th row. */
export function sealRecord(words: Uint32Array, at: number, number: number, crc: number): void {
  words[at + HASH_WORDS] = crc;
  words[at + RECORD_WORDS - 1] = checkOf(words, at, number);
}

/** Whether the record at `at` is whole and the `number`-th of its segment. */
export function isRecord(words: Uint32Array, at: number, number: number): boolean {
  return words[at + RECORD_WORDS - 1] === checkOf(words, at, number);
}

// Never 0 for zeros: a hole in a file is no record.
function checkOf(words: Uint32Array, at: number, number: number): number {
  let h = 0x9e3779b9 ^ number;
  for (let i = 0; i < RECORD_WORDS - 1; i++) {
    h = Math.imul(h ^ words[at + i], 0x85ebca6b);
    h ^= h >>> 15;
  }
  h = Math.imul(h, 0xc2b2ae35);
  return (h ^ (h >>> 13)) >>> 0;
}
