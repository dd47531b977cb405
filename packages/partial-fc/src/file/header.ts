import { crc32 } from 'node:zlib';
import { CenterStoreError } from '../errors.js';

const MAGIC = 'unitcntr';
const VERSION = 1;
const SLOT_BYTES = 4096;

/** Position of the first row. Before it are two copies of the header, written alternately so that one is always intact. */
export const HEADER_BYTES = 2 * SLOT_BYTES;

/** Header of a center file. */
export interface Header {
  /** Random number of the file. */
  fileId: [number, number];
  rows: number;
  firstClass: number;
  dimensions: number;
  /** Names of the tables of a record, in order. */
  tables: string[];
  /** Generation of the checkpoint that the rows belong to; 0 before the first. */
  generation: number;
  /** Random number that the generation was sealed with; 0 before the first. */
  sealId: number;
  /** Generation that is being moved here from the journal; 0 for none. */
  merging: number;
  /** Number of writes of the header. The copy with the higher number is valid. */
  writes: number;
}

/** Returns the bytes of a header and their position in the file. */
export function encodeHeader(header: Header): { bytes: Uint8Array; position: number } {
  const json = Buffer.from(JSON.stringify(header));
  const bytes = Buffer.alloc(SLOT_BYTES);
  if (json.length > SLOT_BYTES - 20) {
    throw new CenterStoreError(
      "the names of the optimizer's tables are too long for the header of a center file.",
    );
  }
  bytes.write(MAGIC, 0, 'latin1');
  bytes.writeUInt32LE(VERSION, 8);
  bytes.writeUInt32LE(json.length, 12);
  json.copy(bytes, 16);
  bytes.writeUInt32LE(crc32(bytes.subarray(0, 16 + json.length)), 16 + json.length);
  return { bytes, position: (header.writes % 2) * SLOT_BYTES };
}

/**
 * Decodes the header from the first bytes of a file.
 * @throws CenterStoreError if the file is not a class-center file, has another version, or its header is damaged.
 */
export function decodeHeader(path: string, bytes: Uint8Array): Header {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const slots = [buffer.subarray(0, SLOT_BYTES), buffer.subarray(SLOT_BYTES)];
  const written = slots.filter((slot) => slot.toString('latin1', 0, 8) === MAGIC);
  if (written.length === 0) throw new CenterStoreError(`${path} is not a class-center file.`);
  const versions = written.map((slot) => slot.readUInt32LE(8));
  const headers = written.flatMap((slot, i) => {
    const length = slot.readUInt32LE(12);
    if (versions[i] !== VERSION || length > SLOT_BYTES - 20) return [];
    if (slot.readUInt32LE(16 + length) !== crc32(slot.subarray(0, 16 + length))) return [];
    return [JSON.parse(slot.toString('utf8', 16, 16 + length)) as Header];
  });
  if (headers.length === 0) {
    const other = versions.find((version) => version !== VERSION);
    throw new CenterStoreError(
      other === undefined
        ? `${path}: the header is damaged. Restore the file from a copy.`
        : `${path} is a class-center file of version ${other}, but only version ${VERSION} is supported.`,
    );
  }
  return headers.reduce((a, b) => (b.writes > a.writes ? b : a));
}
