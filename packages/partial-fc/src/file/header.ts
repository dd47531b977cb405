import { crc32 } from 'node:zlib';
import { CenterStoreError } from '../errors.js';

const MAGIC = 'unitcntr';
const VERSION = 1;
const SLOT_BYTES = 4096;

/** Where the rows begin: behind two places for the header, written in turn, so that one is always whole. */
export const HEADER_BYTES = 2 * SLOT_BYTES;

/** What a center file says of itself. */
export interface Header {
  /** Random, given when the file was made. */
  fileId: [number, number];
  rows: number;
  firstClass: number;
  dimensions: number;
  /** The tables of a record, in order. */
  tables: string[];
  /** The checkpoint whose centers the rows are; 0: none yet. */
  generation: number;
  /** The random number that the generation was sealed with; 0 for none. */
  sealId: number;
  /** A generation that is being moved here from the journal, 0 for none. */
  merging: number;
  /** Counts the header's writes: the place with the higher one holds. */
  writes: number;
}

/** The bytes of a header, and where in the file they go. */
export function encodeHeader(header: Header): { bytes: Uint8Array; position: number } {
  const json = Buffer.from(JSON.stringify(header));
  const bytes = Buffer.alloc(SLOT_BYTES);
  if (json.length > SLOT_BYTES - 20)
    throw new CenterStoreError('the names of the tables are too long for a header');
  bytes.write(MAGIC, 0, 'latin1');
  bytes.writeUInt32LE(VERSION, 8);
  bytes.writeUInt32LE(json.length, 12);
  json.copy(bytes, 16);
  bytes.writeUInt32LE(crc32(bytes.subarray(0, 16 + json.length)), 16 + json.length);
  return { bytes, position: (header.writes % 2) * SLOT_BYTES };
}

/**
 * The header of a file's first bytes.
 * @throws CenterStoreError where it is no center file, of another version, or damaged.
 */
export function decodeHeader(path: string, bytes: Uint8Array): Header {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const slots = [buffer.subarray(0, SLOT_BYTES), buffer.subarray(SLOT_BYTES)];
  const ours = slots.filter((slot) => slot.toString('latin1', 0, 8) === MAGIC);
  if (ours.length === 0) throw new CenterStoreError(`${path} is no file of class centers.`);
  const versions = ours.map((slot) => slot.readUInt32LE(8));
  const headers = ours.flatMap((slot, i) => {
    const length = slot.readUInt32LE(12);
    if (versions[i] !== VERSION || length > SLOT_BYTES - 20) return [];
    if (slot.readUInt32LE(16 + length) !== crc32(slot.subarray(0, 16 + length))) return [];
    return [JSON.parse(slot.toString('utf8', 16, 16 + length)) as Header];
  });
  if (headers.length === 0) {
    const other = versions.find((version) => version !== VERSION);
    throw new CenterStoreError(
      other === undefined
        ? `${path}: the header is damaged; restore the file from a copy.`
        : `${path} is a center file of version ${other}; this program reads version ${VERSION}.`,
    );
  }
  return headers.reduce((a, b) => (b.writes > a.writes ? b : a));
}
