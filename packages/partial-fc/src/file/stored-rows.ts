import { CenterStoreError } from '../errors.js';
import type { StoreSpec } from '../stores/center-store.js';
import type { CenterFile } from './center-file.js';
import type { Journal } from './journal.js';
import type { Records } from './record.js';

/** Rows on disk: in the journal if they changed since the last checkpoint, otherwise in the center file. */
export class StoredRows {
  constructor(
    readonly spec: StoreSpec,
    readonly centers: CenterFile,
    readonly journal: Journal,
  ) {}

  /** Returns the file that holds the present version of a row. */
  fileOf(row: number): CenterFile | Journal {
    return this.journal.has(row) ? this.journal : this.centers;
  }

  /** Reads a row into record i. @throws CenterStoreError if the record is damaged or the file is cut off. */
  read(row: number, records: Records, i: number): void {
    this.fileOf(row).read(row, records, i);
    this.check(row, records, i);
  }

  /** Seals record i and writes it to the journal. */
  write(row: number, records: Records, i: number): void {
    records.seal(i, row);
    this.journal.write(row, records.bytesOf(i));
  }

  /**
   * Checks record i, which was read for a row. A record that was never written gets the initial center.
   * @throws CenterStoreError if the record is damaged.
   */
  check(row: number, records: Records, i: number): void {
    const classNumber = this.spec.firstClass + row;
    const state = records.check(i, row);
    if (state === 'damaged' || (state === 'unwritten' && this.journal.has(row))) {
      throw new CenterStoreError(
        `${this.fileOf(row).path}: the record of class ${classNumber} is damaged (its checksum is wrong). Restore the file from a copy.`,
      );
    }
    if (state === 'unwritten') this.spec.initialRow(classNumber, records.rowOf(i, 0));
  }
}
