import { readSync } from 'node:fs';
import { PART, PART_HEADER, paddedLength, readPartHeader } from './record.js';

/** Bytes read at the start of each record: the header of its first part, the image header, and the first label. */
const HEAD = PART_HEADER + 24 + 4;

/** The records of a file. */
export class RecordFile {
  readonly #head = new Uint8Array(HEAD);
  readonly #view = new DataView(this.#head.buffer);

  readonly #fd: number;
  readonly #size: number;

  constructor(fd: number, size: number) {
    this.#fd = fd;
    this.#size = size;
  }

  /**
   * Describes the record at an offset.
   * @returns Its length with all parts, its first label, and the bytes of its image; or why it cannot be used.
   */
  describe(offset: number): { length: number; label: number; bytes: number } | string {
    const read = this.#read(offset);
    const first = readPartHeader(this.#view, 0);
    if (read < PART_HEADER + 24 || !first) return `there is no record at byte ${offset}`;
    const flag = this.#view.getUint32(PART_HEADER, true);
    const label = this.#view.getFloat32(PART_HEADER + (flag === 0 ? 4 : 24), true);
    let [length, data, kind] = [paddedLength(first.length), first.length, first.kind];
    if (kind !== PART.whole && kind !== PART.first) return `the record at byte ${offset} has no first part`;
    while (kind !== PART.whole && kind !== PART.last) {
      const count = this.#read(offset + length);
      const part = count < PART_HEADER ? undefined : readPartHeader(this.#view, 0);
      if (!part || (part.kind !== PART.middle && part.kind !== PART.last)) {
        return `the record at byte ${offset} lacks its last part`;
      }
      length += paddedLength(part.length);
      data += 4 + part.length;
      kind = part.kind;
    }
    if (offset + length > this.#size) return `the file ends inside the record at byte ${offset}`;
    const bytes = data - 24 - 4 * flag;
    if (bytes < 0) return `the record at byte ${offset} announces ${flag} labels, but ends before them`;
    if (!Number.isInteger(label) || label < 0) return `the label ${label} is not the number of an identity`;
    return { length, label, bytes };
  }

  /** Returns the labels of a record that has no image; undefined if it is none. */
  labelsOf(offset: number): readonly [number, number] | undefined {
    const found = this.describe(offset);
    if (typeof found === 'string' || found.bytes > 0) return undefined;
    const labels = new DataView(new ArrayBuffer(8));
    const isRead = readSync(this.#fd, labels, 0, 8, offset + PART_HEADER + 24) === 8;
    return isRead ? [labels.getFloat32(0, true), labels.getFloat32(4, true)] : undefined;
  }

  #read(offset: number): number {
    this.#head.fill(0);
    if (offset < 0 || offset >= this.#size) return 0;
    return readSync(this.#fd, this.#head, 0, HEAD, offset);
  }
}
