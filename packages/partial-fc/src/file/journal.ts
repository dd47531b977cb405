import { randomInt } from 'node:crypto';
import { closeSync, fsyncSync, ftruncateSync, openSync, rmSync } from 'node:fs';
import { dirname } from 'node:path';
import { readAll, syncFolder, writeAll } from '@unitsphere/core/disk';
import { CenterStoreError } from '../errors.js';
import type { CenterFile } from './center-file.js';
import { onDisk } from './disk.js';
import { indexFiles, indexPath, type JournalIndex, readIndex, writeIndex } from './journal-index.js';
import { JournalPlaces } from './journal-places.js';
import { Records } from './record.js';

/** The centers of one checkpoint. */
export interface Generation {
  generation: number;
  sealId: number;
}

/**
 * The rows that changed since the last checkpoint. Each time that a row is written it gets another place, behind the row
 * written before it, and leaves its old one free; save() seals what is there, whose places are then free no more until the
 * center file has their rows. So a sealed generation stays whole. The file grows to at most twice the room of the
 * rows that it keeps.
 */
export class Journal {
  readonly #centers: CenterFile;
  readonly #fd: number;
  /** By row: its place plus 1, 0 for none. */
  readonly #slotOfRow: Int32Array;
  readonly #places = new JournalPlaces();
  /** The generation sealed last, also where its checkpoint is not known to be written. */
  #sealed: number;
  readonly #one: Records;

  constructor(centers: CenterFile) {
    this.#centers = centers;
    this.#slotOfRow = new Int32Array(centers.header.rows);
    this.#sealed = centers.header.generation;
    this.#one = new Records(centers.layout, 1);
    this.#fd = onDisk(this.path, () => openSync(this.path, 'a+'));
    closeSync(this.#fd);
    this.#fd = onDisk(this.path, () => openSync(this.path, 'r+'));
  }

  get path(): string {
    return `${this.#centers.path}.journal`;
  }

  has(row: number): boolean {
    return this.#slotOfRow[row] !== 0;
  }

  /** Of the open file. */
  get fd(): number {
    return this.#fd;
  }

  /** Where a row begins in the file, in bytes. */
  positionOf(row: number): number {
    return (this.#slotOfRow[row] - 1) * this.#centers.layout.bytes;
  }

  /** Where a row is to be written: from then on it lies there. */
  positionFor(row: number): number {
    const place = this.#places.take();
    if (this.has(row)) this.#places.release(this.#slotOfRow[row] - 1);
    this.#slotOfRow[row] = place + 1;
    return this.positionOf(row);
  }

  /** Reads a row into a record. */
  read(row: number, records: Records, i: number): void {
    this.#readSlot(this.#slotOfRow[row] - 1, records, i);
  }

  /** Keeps a row's sealed record. */
  write(row: number, record: Uint8Array): void {
    const position = this.positionFor(row);
    onDisk(this.path, () => writeAll(this.#fd, record, position));
  }

  /** Fixes all that is here as the next generation, on the disk. */
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

  /** The checkpoint of the generation sealed last is written: moves it to the center file. */
  merge(): void {
    if (this.#sealed === this.#centers.header.generation) return;
    const index = readIndex(indexPath(this.path, this.#sealed), this.#centers.header.fileId, this.#sealed);
    this.#move(index);
    // What was written since then stays.
    index.rows.forEach((row, i) => {
      if (this.#slotOfRow[row] === index.slots[i] + 1) this.#slotOfRow[row] = 0;
    });
    this.#keepOnly(this.#current().slots);
  }

  /** Finishes a merge that was cut short. */
  finishMerge(): void {
    const { merging, fileId } = this.#centers.header;
    if (merging === 0) return;
    this.#move(readIndex(indexPath(this.path, merging), fileId, merging));
    this.#sealed = merging;
  }

  /** The generations that can be gone on from: the center file's, and those sealed since. */
  generations(): Generation[] {
    const { generation, sealId, merging, fileId } = this.#centers.header;
    const sealed = indexFiles(this.path)
      .filter((file) => file.generation > generation)
      .map((file) => readIndex(file.path, fileId, file.generation));
    // Where a move was cut short the file's own generation is gone.
    return merging
      ? sealed.filter((index) => index.generation >= merging)
      : [{ generation, sealId }, ...sealed];
  }

  /** Goes back to one of them, whose checkpoint is the one in use; everything newer is dropped. */
  goTo(generation: number): void {
    const { header } = this.#centers;
    if (generation !== header.generation) {
      this.#move(readIndex(indexPath(this.path, generation), header.fileId, generation));
    }
    for (const file of indexFiles(this.path)) rmSync(file.path);
    syncFolder(dirname(this.path));
    this.#sealed = generation;
    this.#slotOfRow.fill(0);
    this.#keepOnly([]);
  }

  close(): void {
    closeSync(this.#fd);
  }

  /** The rows that are here, ascending, and their places. */
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

  /** Copies a sealed generation's rows to their places in the center file. It can be done again. */
  #move({ generation, sealId, rows, slots }: JournalIndex): void {
    if (this.#centers.header.merging !== generation) this.#centers.writeHeader({ merging: generation });
    const order = Int32Array.from(rows.keys()).sort((a, b) => rows[a] - rows[b]);
    for (const i of order) {
      this.#readSlot(slots[i], this.#one, 0);
      if (this.#one.check(0, rows[i]) !== 'whole') {
        throw new CenterStoreError(
          `${this.path}: the record of row ${rows[i]} is damaged; restore it from a copy.`,
        );
      }
      this.#centers.write(rows[i], this.#one.bytesOf(0));
    }
    this.#centers.sync();
    this.#centers.writeHeader({ generation, sealId, merging: 0 });
    for (const file of indexFiles(this.path)) if (file.generation <= generation) rmSync(file.path);
  }

  #readSlot(slot: number, records: Records, i: number): void {
    if (!readAll(this.#fd, records.bytesOf(i), slot * this.#centers.layout.bytes)) {
      throw new CenterStoreError(`${this.path} is cut off before record ${slot}; restore it from a copy.`);
    }
  }

  /** Gives up all places but these, and the end of the file behind them. */
  #keepOnly(slots: Iterable<number>): void {
    this.#places.keepOnly(slots);
    onDisk(this.path, () => ftruncateSync(this.#fd, this.#places.end * this.#centers.layout.bytes));
  }
}
