import { randomInt } from 'node:crypto';
import { closeSync, existsSync, fsyncSync, ftruncateSync, openSync, rmSync } from 'node:fs';
import { dirname } from 'node:path';
import { readAllSync, syncFolderSync, writeAllSync } from '@unitsphere/core/disk';
import { CenterStoreError } from '../errors.js';
import type { CenterFile } from './center-file.js';
import { onDisk } from './disk.js';
import { indexFiles, indexPath, type JournalIndex, readIndex, writeIndex } from './journal-index.js';
import { JournalPlaces } from './journal-places.js';
import { Records } from './record.js';

/** Centers of one checkpoint: the number of the generation and the random number of its seal. */
export interface Generation {
  generation: number;
  sealId: number;
}

/**
 * Rows that changed since the last checkpoint. Each write puts a row at a new place and frees the old one. `seal` fixes the
 * present rows as a generation: their places are not reused until the center file has the rows, so a sealed generation
 * stays intact. The file grows to at most twice the size of its rows.
 */
export class Journal {
  readonly #centers: CenterFile;
  readonly #fd: number;
  /** Place of each row plus 1; 0 for none. */
  readonly #slotOfRow: Int32Array;
  readonly #places = new JournalPlaces();
  /** Last sealed generation, whether or not its checkpoint is confirmed. */
  #sealed: number;
  readonly #single: Records;

  constructor(centers: CenterFile) {
    this.#centers = centers;
    this.#slotOfRow = new Int32Array(centers.header.rows);
    this.#sealed = centers.header.generation;
    this.#single = new Records(centers.layout, 1);
    this.#fd = onDisk(this.path, () => openSync(this.path, 'a+'));
    closeSync(this.#fd);
    this.#fd = onDisk(this.path, () => openSync(this.path, 'r+'));
  }

  get path(): string {
    return `${this.#centers.path}.journal`;
  }

  /** Whether the journal holds the present version of a row. */
  has(row: number): boolean {
    return this.#slotOfRow[row] !== 0;
  }

  /** Descriptor of the open file. */
  get fd(): number {
    return this.#fd;
  }

  /** Returns the byte position of a row in the file. */
  positionOf(row: number): number {
    return (this.#slotOfRow[row] - 1) * this.#centers.layout.bytes;
  }

  /** Allocates a new place for a row and returns its byte position. The caller writes the row there. */
  allocate(row: number): number {
    const place = this.#places.take();
    if (this.has(row)) this.#places.release(this.#slotOfRow[row] - 1);
    this.#slotOfRow[row] = place + 1;
    return this.positionOf(row);
  }

  /** Reads a row into record i. @throws CenterStoreError if the file is cut off. */
  read(row: number, records: Records, i: number): void {
    this.#readSlot(this.#slotOfRow[row] - 1, records, i);
  }

  /** Writes the sealed record of a row. */
  write(row: number, record: Uint8Array): void {
    const position = this.allocate(row);
    onDisk(this.path, () => writeAllSync(this.#fd, record, position));
  }

  /** Fixes the present rows as the next generation, on disk. */
  seal(): Generation {
    const { fileId } = this.#centers.header;
    const generation = this.#sealed + 1;
    const sealId = randomInt(1, 2 ** 31);
    onDisk(this.path, () => fsyncSync(this.#fd));
    onDisk(this.path, () =>
      writeIndex(indexPath(this.path, generation), fileId, { generation, sealId, ...this.#current() }),
    );
    this.#sealed = generation;
    this.#places.pin();
    return { generation, sealId };
  }

  /** Moves the last sealed generation to the center file, after its checkpoint was written. */
  merge(): void {
    if (this.#sealed === this.#centers.header.generation) return;
    const index = readIndex(indexPath(this.path, this.#sealed), this.#centers.header.fileId, this.#sealed);
    this.#move(index);
    // Rows written since the seal stay in the journal.
    index.rows.forEach((row, i) => {
      if (this.#slotOfRow[row] === index.slots[i] + 1) this.#slotOfRow[row] = 0;
    });
    this.#keepOnly(this.#current().slots);
  }

  /** Finishes an interrupted merge. */
  finishMerge(): void {
    const { merging, fileId } = this.#centers.header;
    if (merging === 0) return;
    // An index is deleted only after a header was written that no longer names it.
    if (!existsSync(indexPath(this.path, merging))) {
      throw new CenterStoreError(
        `${this.#centers.path}: the header is damaged, or ${indexPath(this.path, merging)} is missing. Restore the files from a copy.`,
      );
    }
    this.#move(readIndex(indexPath(this.path, merging), fileId, merging));
    this.#sealed = merging;
  }

  /** Returns the generations that can be restored: the center file's and those sealed since. */
  generations(): Generation[] {
    const { generation, sealId, merging, fileId } = this.#centers.header;
    const sealed = indexFiles(this.path)
      .filter((file) => file.generation > generation)
      .map((file) => readIndex(file.path, fileId, file.generation));
    // An interrupted move has overwritten the center file's own generation.
    return merging
      ? sealed.filter((index) => index.generation >= merging)
      : [{ generation, sealId }, ...sealed];
  }

  /** Returns to a generation and drops everything newer. */
  goTo(generation: number): void {
    const { header } = this.#centers;
    if (generation !== header.generation) {
      this.#move(readIndex(indexPath(this.path, generation), header.fileId, generation));
    }
    for (const file of indexFiles(this.path)) rmSync(file.path);
    syncFolderSync(dirname(this.path));
    this.#sealed = generation;
    this.#slotOfRow.fill(0);
    this.#keepOnly([]);
  }

  close(): void {
    closeSync(this.#fd);
  }

  /** Returns the rows in the journal, ascending, and their places. */
  #current(): { rows: Int32Array; slots: Int32Array } {
    let count = 0;
    for (const slot of this.#slotOfRow) if (slot !== 0) count++;
    const [rows, slots] = [new Int32Array(count), new Int32Array(count)];
    let at = 0;
    this.#slotOfRow.forEach((slot, row) => {
      if (slot === 0) return;
      rows[at] = row;
      slots[at++] = slot - 1;
    });
    return { rows, slots };
  }

  /** Copies the rows of a sealed generation to the center file. Can be repeated after an interruption. */
  #move({ generation, sealId, rows, slots }: JournalIndex): void {
    if (this.#centers.header.merging !== generation) this.#centers.writeHeader({ merging: generation });
    const order = Int32Array.from(rows.keys()).sort((a, b) => rows[a] - rows[b]);
    for (const i of order) {
      this.#readSlot(slots[i], this.#single, 0);
      if (this.#single.check(0, rows[i]) !== 'intact') {
        throw new CenterStoreError(
          `${this.path}: the record of row ${rows[i]} is damaged. Restore the file from a copy.`,
        );
      }
      this.#centers.write(rows[i], this.#single.bytesOf(0));
    }
    this.#centers.sync();
    this.#centers.writeHeader({ generation, sealId, merging: 0 });
    for (const file of indexFiles(this.path)) if (file.generation <= generation) rmSync(file.path);
  }

  #readSlot(slot: number, records: Records, i: number): void {
    if (!readAllSync(this.#fd, records.bytesOf(i), slot * this.#centers.layout.bytes)) {
      throw new CenterStoreError(`${this.path} is cut off before record ${slot}. Restore it from a copy.`);
    }
  }

  /** Frees all other places and truncates the file after the last of these. */
  #keepOnly(slots: Iterable<number>): void {
    this.#places.keepOnly(slots);
    onDisk(this.path, () => ftruncateSync(this.#fd, this.#places.end * this.#centers.layout.bytes));
  }
}
