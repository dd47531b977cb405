import { randomBytes } from 'node:crypto';
import { closeSync, existsSync, fstatSync, fsyncSync, ftruncateSync, openSync } from 'node:fs';
import { readAllSync, removeAbandoned, replaceFileSync, writeAllSync } from '@unitsphere/core/disk';
import { CenterStoreError } from '../errors.js';
import type { StoreSpec } from '../stores/center-store.js';
import { onDisk } from './disk.js';
import { decodeHeader, encodeHeader, HEADER_BYTES, type Header } from './header.js';
import type { RecordLayout, Records } from './record.js';

/**
 * Rows as of the last checkpoint, one record per row at a fixed position. Rows that were never written are holes, which
 * take no space on disk. The file is not written between checkpoints.
 */
export class CenterFile {
  #header: Header;
  readonly #fd: number;

  /** Opens the file, or creates it if it does not exist. */
  constructor(
    readonly path: string,
    readonly layout: RecordLayout,
    spec: StoreSpec,
  ) {
    const bytes = HEADER_BYTES + spec.rows * layout.bytes;
    if (!existsSync(path)) createCenterFile(path, bytes, layout, spec);
    this.#fd = onDisk(path, () => openSync(path, 'r+'));
    try {
      this.#header = this.#readHeader(spec, bytes);
    } catch (error) {
      closeSync(this.#fd);
      throw error;
    }
  }

  get header(): Readonly<Header> {
    return this.#header;
  }

  /** Changes the header. The change is on disk on return. */
  writeHeader(change: Partial<Pick<Header, 'generation' | 'sealId' | 'merging'>>): void {
    const header = { ...this.#header, ...change, writes: this.#header.writes + 1 };
    const { bytes, position } = encodeHeader(header);
    onDisk(this.path, () => {
      writeAllSync(this.#fd, bytes, position);
      fsyncSync(this.#fd);
    });
    this.#header = header;
  }

  /** Reads a row into record i. @throws CenterStoreError if the file is cut off. */
  read(row: number, records: Records, i: number): void {
    if (!readAllSync(this.#fd, records.bytesOf(i), this.positionOf(row))) {
      throw new CenterStoreError(`${this.path} is cut off before row ${row}. Restore it from a copy.`);
    }
  }

  /** Descriptor of the open file. */
  get fd(): number {
    return this.#fd;
  }

  /** Returns the byte position of a row in the file. */
  positionOf(row: number): number {
    return HEADER_BYTES + row * this.layout.bytes;
  }

  /** Writes the record of a row. */
  write(row: number, record: Uint8Array): void {
    onDisk(this.path, () => writeAllSync(this.#fd, record, this.positionOf(row)));
  }

  /** Waits until all writes are on disk. */
  sync(): void {
    onDisk(this.path, () => fsyncSync(this.#fd));
  }

  close(): void {
    closeSync(this.#fd);
  }

  #readHeader(spec: StoreSpec, bytes: number): Header {
    const start = new Uint8Array(HEADER_BYTES);
    if (!readAllSync(this.#fd, start, 0)) {
      throw new CenterStoreError(`${this.path} is not a class-center file.`);
    }
    const header = decodeHeader(this.path, start);
    const describe = (
      h: { rows: number; firstClass: number; dimensions: number },
      tables: readonly string[],
    ) =>
      `classes ${h.firstClass} to ${h.firstClass + h.rows - 1}, ${h.dimensions} dimensions, ${tables.join(', ')}`;
    const [found, wanted] = [describe(header, header.tables), describe(spec, this.layout.tables)];
    if (found !== wanted) {
      throw new CenterStoreError(`${this.path} holds ${found}, but this run needs ${wanted}.`);
    }
    const size = fstatSync(this.#fd).size;
    if (size !== bytes) {
      throw new CenterStoreError(
        `${this.path} has ${size} bytes, but its ${header.rows} rows take ${bytes}: it is cut off or damaged. Restore it from a copy.`,
      );
    }
    return header;
  }
}

/** Creates a class-center file whose rows are holes. It appears under its name only once its header is complete. */
function createCenterFile(path: string, bytes: number, layout: RecordLayout, spec: StoreSpec): void {
  const id = randomBytes(8);
  const header = encodeHeader({
    fileId: [id.readInt32LE(0), id.readInt32LE(4)],
    rows: spec.rows,
    firstClass: spec.firstClass,
    dimensions: spec.dimensions,
    tables: [...layout.tables],
    generation: 0,
    sealId: 0,
    merging: 0,
    writes: 1,
  });
  onDisk(path, () => {
    removeAbandoned(path);
    replaceFileSync(path, (fd) => {
      ftruncateSync(fd, bytes);
      writeAllSync(fd, header.bytes, header.position);
    });
  });
}
