import { closeSync, openSync } from 'node:fs';
import { readAllSync } from '@unitsphere/core/disk';
import { lowerBound } from '../classes/lower-bound.js';
import { CenterStoreError } from '../errors.js';
import type { FileState } from '../state/file-state.js';
import { readHeader } from './center-files.js';
import { HEADER_BYTES, type Header } from './header.js';
import { indexFiles, type JournalIndex, readIndex } from './journal-index.js';
import { RecordLayout, Records } from './record.js';

const BLOCK_BYTES = 2 ** 20;

/** Records of some rows that were updated at least once. */
export interface WrittenRows {
  /** Class numbers, ascending. */
  classes: Int32Array;
  /** Their records, one after the other. */
  records: Records;
}

/**
 * Reads the rows of one checkpoint from a center file and its journal. It changes nothing on disk, so that several ranks may read
 * a file at once, and the checkpoint remains usable.
 */
export class GenerationReader {
  readonly layout: RecordLayout;
  readonly #fd: number;
  readonly #journal: number | undefined;

  private constructor(
    readonly path: string,
    readonly header: Header,
    /** Rows that are in the journal. */
    readonly index: JournalIndex | undefined,
  ) {
    this.layout = new RecordLayout(header.tables, header.dimensions);
    this.#fd = openSync(path, 'r');
    try {
      this.#journal = index && openSync(`${path}.journal`, 'r');
    } catch (error) {
      closeSync(this.#fd);
      throw error;
    }
  }

  /** @throws CenterStoreError if the file does not hold the generation, or is damaged. */
  static open(path: string, { generation: [wanted, sealId] }: FileState): GenerationReader {
    const header = readHeader(path);
    const { generation, merging, fileId } = header;
    // An interrupted move has overwritten the file's own generation, but not the rows that are in newer indices.
    if (!merging && generation === wanted && header.sealId === sealId) {
      return new GenerationReader(path, header, undefined);
    }
    const sealed = indexFiles(`${path}.journal`).find((file) => file.generation === wanted);
    const index = sealed && wanted >= merging ? readIndex(sealed.path, fileId, wanted) : undefined;
    if (index?.sealId !== sealId) {
      throw missingGeneration(path, String(merging || generation), wanted);
    }
    return new GenerationReader(path, header, index);
  }

  /**
   * Yields the written rows of classes from … to − 1, as far as the file has them. A block is valid until the next one.
   * @throws CenterStoreError if a record is damaged or the file is cut off.
   */
  *rows(from: number, to: number): Generator<WrittenRows> {
    const { firstClass } = this.header;
    const begin = Math.max(0, from - firstClass);
    const end = Math.min(this.header.rows, to - firstClass);
    const size = Math.max(1, Math.floor(BLOCK_BYTES / this.layout.bytes));
    const records = new Records(this.layout, size);
    for (let at = begin; at < end; at += size) {
      const count = Math.min(size, end - at);
      this.#read(at, count, records);
      const classes = new Int32Array(count);
      let written = 0;
      for (let i = 0; i < count; i++) {
        const state = records.check(i, at + i);
        if (state === 'damaged') {
          throw new CenterStoreError(
            `${this.path}: the record of class ${firstClass + at + i} is damaged (its checksum is wrong). Restore the file from a copy.`,
          );
        }
        if (state === 'unwritten') continue;
        if (written < i) records.bytesOf(written).set(records.bytesOf(i));
        classes[written++] = firstClass + at + i;
      }
      if (written > 0) yield { classes: classes.subarray(0, written), records };
    }
  }

  close(): void {
    closeSync(this.#fd);
    if (this.#journal !== undefined) closeSync(this.#journal);
  }

  /** Reads consecutive rows, each from the journal if it is there. */
  #read(first: number, count: number, records: Records): void {
    const { bytes } = this.layout;
    if (!readAllSync(this.#fd, records.bytes.subarray(0, count * bytes), HEADER_BYTES + first * bytes)) {
      throw new CenterStoreError(
        `${this.path} is cut off before row ${first + count - 1}. Restore it from a copy.`,
      );
    }
    const { index } = this;
    if (!index || this.#journal === undefined) return;
    const { rows, slots } = index;
    for (let j = lowerBound(rows, first); j < rows.length && rows[j] < first + count; j++) {
      const i = rows[j] - first;
      const isThere = readAllSync(this.#journal, records.bytesOf(i), slots[j] * bytes);
      // A row in the journal was written, so it is not a record of zeros.
      if (!isThere || records.check(i, rows[j]) !== 'intact') {
        throw new CenterStoreError(
          `${this.path}.journal: the record of row ${rows[j]} is damaged. Restore the file from a copy.`,
        );
      }
    }
  }
}

/** Returns the error of a file that no longer holds the generation of a checkpoint. */
export function missingGeneration(path: string, found: string, wanted: number): CenterStoreError {
  return new CenterStoreError(
    `${path} holds generation ${found}, but not the checkpoint's ${wanted}: later training overwrote it. ` +
      'Resume from the last checkpoint, or restore a copy of the file from the time of this checkpoint.',
  );
}
