import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { crc32 } from 'node:zlib';
import { writeFileAtomicSync } from '@unitsphere/core/disk';
import { CenterStoreError } from '../errors.js';

const MAGIC = 0x78646975;
/** Number of words before the rows. */
const HEADER_WORDS = 6;

/** Rows of a generation that are in the journal, and their places. */
export interface JournalIndex {
  generation: number;
  /** Random number of the seal. The generation's number alone may repeat after a return to an older checkpoint. */
  sealId: number;
  rows: Int32Array;
  /** Place of each row in the journal, counted in records. */
  slots: Int32Array;
}

/** Returns the path of the index of a journal's generation. */
export const indexPath = (journal: string, generation: number): string => `${journal}-${generation}.index`;

/** Lists the index files of a journal, in the order of their generations. */
export function indexFiles(journal: string): { generation: number; path: string }[] {
  const folder = dirname(journal);
  const prefix = `${basename(journal)}-`;
  if (!existsSync(folder)) return [];
  return readdirSync(folder)
    .flatMap((name) => {
      const number = name.startsWith(prefix) ? /^(\d+)\.index$/.exec(name.slice(prefix.length)) : null;
      return number ? [{ generation: Number(number[1]), path: join(folder, name) }] : [];
    })
    .sort((a, b) => a.generation - b.generation);
}

/** Writes an index atomically. */
export function writeIndex(path: string, fileId: readonly [number, number], index: JournalIndex): void {
  const { generation, sealId, rows, slots } = index;
  const words = new Int32Array(HEADER_WORDS + 2 * rows.length + 1);
  words.set([MAGIC, fileId[0], fileId[1], generation, sealId, rows.length]);
  words.set(rows, HEADER_WORDS);
  words.set(slots, HEADER_WORDS + rows.length);
  const bytes = new Uint8Array(words.buffer);
  words[words.length - 1] = crc32(bytes.subarray(0, bytes.length - 4));
  writeFileAtomicSync(path, bytes);
}

/** Reads an index. @throws CenterStoreError if it is damaged or belongs to another file. */
export function readIndex(path: string, fileId: readonly [number, number], generation: number): JournalIndex {
  const bytes = Uint8Array.from(readFileSync(path));
  const isComplete = bytes.length >= 4 * (HEADER_WORDS + 1) && bytes.length % 4 === 0;
  const words = new Int32Array(bytes.buffer, 0, isComplete ? bytes.length / 4 : 0);
  const count = words[5] ?? -1;
  if (
    words[0] !== MAGIC ||
    words.length !== HEADER_WORDS + 2 * count + 1 ||
    words[words.length - 1] !== (crc32(bytes.subarray(0, bytes.length - 4)) | 0)
  ) {
    throw new CenterStoreError(
      `${path} is damaged. Restore it from a copy, or resume from an earlier checkpoint.`,
    );
  }
  if (words[1] !== fileId[0] || words[2] !== fileId[1] || words[3] !== generation) {
    throw new CenterStoreError(`${path} belongs to another file of centers. Restore it from a copy.`);
  }
  return {
    generation,
    sealId: words[4],
    rows: words.slice(HEADER_WORDS, HEADER_WORDS + count),
    slots: words.slice(HEADER_WORDS + count, HEADER_WORDS + 2 * count),
  };
}
