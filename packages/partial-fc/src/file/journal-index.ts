import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { crc32 } from 'node:zlib';
import { writeFileAtomic } from '@unitsphere/core/disk';
import { CenterStoreError } from '../errors.js';

const MAGIC = 0x78646975;
/** Words before the rows. */
const HEAD = 6;

/** Which rows of a generation are in the journal, and where. */
export interface JournalIndex {
  generation: number;
  /** Random, given when it was sealed: the same number may be given again after going back to an older checkpoint. */
  sealId: number;
  rows: Int32Array;
  /** Places in the journal, in records. */
  slots: Int32Array;
}

/** Where the index of a journal's generation is. */
export const indexPath = (journal: string, generation: number): string => `${journal}-${generation}.index`;

/** The generations of which a journal has an index, in order. */
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

/** Writes an index as a whole, or not at all. */
export function writeIndex(path: string, fileId: readonly [number, number], index: JournalIndex): void {
  const { generation, sealId, rows, slots } = index;
  const words = new Int32Array(HEAD + 2 * rows.length + 1);
  words.set([MAGIC, fileId[0], fileId[1], generation, sealId, rows.length]);
  words.set(rows, HEAD);
  words.set(slots, HEAD + rows.length);
  const bytes = new Uint8Array(words.buffer);
  words[words.length - 1] = crc32(bytes.subarray(0, bytes.length - 4));
  writeFileAtomic(path, bytes);
}

/** Reads an index. @throws CenterStoreError where it is damaged or belongs to another file. */
export function readIndex(path: string, fileId: readonly [number, number], generation: number): JournalIndex {
  const bytes = Uint8Array.from(readFileSync(path));
  const whole = bytes.length >= 4 * (HEAD + 1) && bytes.length % 4 === 0;
  const words = new Int32Array(bytes.buffer, 0, whole ? bytes.length / 4 : 0);
  const count = words[5] ?? -1;
  if (
    words[0] !== MAGIC ||
    words.length !== HEAD + 2 * count + 1 ||
    words[words.length - 1] !== (crc32(bytes.subarray(0, bytes.length - 4)) | 0)
  ) {
    throw new CenterStoreError(
      `${path} is damaged; restore it from a copy, or resume from an earlier checkpoint.`,
    );
  }
  if (words[1] !== fileId[0] || words[2] !== fileId[1] || words[3] !== generation) {
    throw new CenterStoreError(`${path} belongs to another file of centers.`);
  }
  return {
    generation,
    sealId: words[4],
    rows: words.slice(HEAD, HEAD + count),
    slots: words.slice(HEAD + count, HEAD + 2 * count),
  };
}
