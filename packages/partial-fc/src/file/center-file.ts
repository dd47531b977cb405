import { randomBytes } from 'node:crypto';
import {
  closeSync,
  existsSync,
  fstatSync,
  fsyncSync,
  ftruncateSync,
  openSync,
  renameSync,
  rmSync,
} from 'node:fs';
import { dirname } from 'node:path';
import { readAll, syncFolder, writeAll } from '@unitsphere/core/disk';
import type { StoreSpec } from '../center-store.js';
import { CenterStoreError } from '../errors.js';
import { onDisk } from './disk.js';
import { decodeHeader, encodeHeader, HEADER_BYTES, type Header } from './header.js';
import type { RecordLayout, Records } from './record.js';

/**
 * The rows as of the last checkpoint, a record each at its own place. Rows never written are holes, which take no room
 * on the disk. Between checkpoints nothing is written here.
 */
export class CenterFile {
  #header: Header;
  readonly #fd: number;

  /** Opens the file, or makes it where there is none. */
  constructor(
    readonly path: string,
    readonly layout: RecordLayout,
    spec: StoreSpec,
  ) {
    const bytes = HEADER_BYTES + spec.rows * layout.bytes;
    if (existsSync(path)) {
      this.#fd = onDisk(path, () => openSync(path, 'r+'));
      try {
        this.#header = this.#readHeader(spec, bytes);
      } catch (error) {
        closeSync(this.#fd);
        throw error;
      }
      return;
    }
    const id = randomBytes(8);
    this.#header = {
      fileId: [id.readInt32LE(0), id.readInt32LE(4)],
      rows: spec.rows,
      firstClass: spec.firstClass,
      dimensions: spec.dimensions,
      tables: [...layout.tables],
      generation: 0,
      sealId: 0,
      merging: 0,
      writes: 0,
    };
    // Under another name until it is whole: a file of this name has its header.
    const temporary = `${path}.tmp`;
    rmSync(temporary, { force: true });
    this.#fd = onDisk(path, () => openSync(temporary, 'wx+'));
    try {
      onDisk(path, () => ftruncateSync(this.#fd, bytes));
      this.writeHeader({});
      onDisk(path, () => {
        renameSync(temporary, path);
        syncFolder(dirname(path));
      });
    } catch (error) {
      closeSync(this.#fd);
      rmSync(temporary, { force: true });
      throw error;
    }
  }

  get header(): Readonly<Header> {
    return this.#header;
  }

  /** Changes the header; on the disk when it returns. */
  writeHeader(change: Partial<Pick<Header, 'generation' | 'sealId' | 'merging'>>): void {
    const header = { ...this.#header, ...change, writes: this.#header.writes + 1 };
    const { bytes, position } = encodeHeader(header);
    onDisk(this.path, () => {
      writeAll(this.#fd, bytes, position);
      fsyncSync(this.#fd);
    });
    this.#header = header;
  }

  /** Reads a row into a record. @throws CenterStoreError where the file ends early. */
  read(row: number, records: Records, i: number): void {
    if (!readAll(this.#fd, records.bytesOf(i), this.positionOf(row))) {
      throw new CenterStoreError(`${this.path} is cut off before row ${row}; restore it from a copy.`);
    }
  }

  /** Of the open file. */
  get fd(): number {
    return this.#fd;
  }

  /** Where a row begins in the file, in bytes. */
  positionOf(row: number): number {
    return HEADER_BYTES + row * this.layout.bytes;
  }

  write(row: number, record: Uint8Array): void {
    onDisk(this.path, () => writeAll(this.#fd, record, this.positionOf(row)));
  }

  sync(): void {
    onDisk(this.path, () => fsyncSync(this.#fd));
  }

  close(): void {
    closeSync(this.#fd);
  }

  #readHeader(spec: StoreSpec, bytes: number): Header {
    const start = new Uint8Array(HEADER_BYTES);
    if (!readAll(this.#fd, start, 0)) throw new CenterStoreError(`${this.path} is no file of class centers.`);
    const header = decodeHeader(this.path, start);
    const shape = (h: { rows: number; firstClass: number; dimensions: number }, tables: readonly string[]) =>
      `classes ${h.firstClass} to ${h.firstClass + h.rows - 1}, ${h.dimensions} dimensions, ${tables.join(', ')}`;
    const [is, wanted] = [shape(header, header.tables), shape(spec, this.layout.tables)];
    if (is !== wanted) throw new CenterStoreError(`${this.path} holds ${is}; needed are ${wanted}.`);
    const size = fstatSync(this.#fd).size;
    if (size !== bytes) {
      throw new CenterStoreError(
        `${this.path} has ${size} bytes, but its ${header.rows} rows take ${bytes}: it is cut off or not whole.`,
      );
    }
    return header;
  }
}
