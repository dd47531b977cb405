import { CheckpointError } from './checkpoint-error.js';
import { crc32 } from './crc32.js';

// Signatures and sizes in APPNOTE.TXT, PKWARE's specification of the format.
const LOCAL = 0x04034b50;
const CENTRAL = 0x02014b50;
const END = 0x06054b50;
const END64 = 0x06064b50;
const END64_LOCATOR = 0x07064b50;
const LOCAL_BYTES = 30;
const CENTRAL_BYTES = 46;
const END_BYTES = 22;
const END64_BYTES = 56;
const END64_LOCATOR_BYTES = 20;
const MAX_COMMENT = 0xffff;

/** File inside a ZIP file. */
export interface ZipEntry {
  name: string;
  /**
   * View of its bytes in the ZIP file.
   * @throws CheckpointError if it is compressed.
   */
  readonly bytes: Uint8Array;
  /** Computes the CRC-32 of the bytes. @returns Whether it is the one in the ZIP file. */
  isIntact(): boolean;
}

/**
 * Reads the files in a ZIP or ZIP64 file by name. Supports only stored (uncompressed) files, as torch.save writes them, so that
 * false claims in the file cannot cause large allocations. The bytes of compressed files are an error.
 * @throws CheckpointError if it is not a ZIP file, truncated, damaged or encrypted.
 */
export function readStoredZip(bytes: Uint8Array): Map<string, ZipEntry> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const { count, start, size } = findDirectory(view);
  const entries = new Map<string, ZipEntry>();
  let at = start;
  let total = 0;
  for (let i = 0; i < count; i++) {
    if (at + CENTRAL_BYTES > start + size || view.getUint32(at, true) !== CENTRAL)
      throw damaged(`its directory has no entry ${i + 1} of ${count}`);
    const entry = readEntry(bytes, view, at, start + size);
    if (entries.has(entry.name)) throw damaged(`it has two files "${entry.name}"`);
    // The total of overlapping files could be many times the size of the ZIP file.
    total += entry.stored;
    if (total > bytes.byteLength) throw damaged('its files overlap');
    entries.set(entry.name, entry);
    at = entry.next;
  }
  return entries;
}

function findDirectory(view: DataView): { count: number; start: number; size: number } {
  const last = view.byteLength - END_BYTES;
  let end = last;
  while (end >= Math.max(0, last - MAX_COMMENT) && view.getUint32(end, true) !== END) end--;
  if (end < Math.max(0, last - MAX_COMMENT))
    throw damaged('its directory, at the end, is missing: it is truncated');
  let count: number = view.getUint16(end + 10, true);
  let size: number = view.getUint32(end + 12, true);
  let start: number = view.getUint32(end + 16, true);
  const locator = end - END64_LOCATOR_BYTES;
  if (locator >= 0 && view.getUint32(locator, true) === END64_LOCATOR) {
    const end64 = readUint64(view, locator + 8);
    if (end64 + END64_BYTES > locator || view.getUint32(end64, true) !== END64)
      throw damaged('its ZIP64 directory is missing');
    count = readUint64(view, end64 + 32);
    size = readUint64(view, end64 + 40);
    start = readUint64(view, end64 + 48);
  }
  if (start + size > end) throw damaged('its directory is outside the file');
  return { count, start, size };
}

function readEntry(
  bytes: Uint8Array,
  view: DataView,
  at: number,
  directoryEnd: number,
): ZipEntry & { next: number; stored: number } {
  const flags = view.getUint16(at + 8, true);
  const method = view.getUint16(at + 10, true);
  const expectedCrc = view.getUint32(at + 16, true);
  const nameEnd = at + CENTRAL_BYTES + view.getUint16(at + 28, true);
  const extraEnd = nameEnd + view.getUint16(at + 30, true);
  const next = extraEnd + view.getUint16(at + 32, true);
  if (next > directoryEnd) throw damaged('an entry of its directory is truncated');
  const name = decode(bytes.subarray(at + CENTRAL_BYTES, nameEnd));
  if (flags & 1) throw new CheckpointError(`"${name}" in the ZIP file is encrypted.`);
  const sizes = {
    stored: view.getUint32(at + 20, true),
    size: view.getUint32(at + 24, true),
    local: view.getUint32(at + 42, true),
  };
  readZip64Sizes(view, nameEnd, extraEnd, sizes);
  if (method === 0 && sizes.stored !== sizes.size)
    throw damaged(`"${name}" has two sizes, ${sizes.stored} and ${sizes.size} bytes`);
  const { local } = sizes;
  if (local + LOCAL_BYTES > bytes.byteLength || view.getUint32(local, true) !== LOCAL)
    throw damaged(`"${name}" is not at its offset in the directory`);
  const begin = local + LOCAL_BYTES + view.getUint16(local + 26, true) + view.getUint16(local + 28, true);
  if (begin + sizes.stored > bytes.byteLength)
    throw damaged(`"${name}" claims ${sizes.stored} bytes, which are not in the file: it is truncated`);
  const content = bytes.subarray(begin, begin + sizes.stored);
  return {
    name,
    get bytes() {
      if (method === 0) return content;
      throw new CheckpointError(
        `"${name}" in the ZIP file is compressed, which torch.save never does. Save the checkpoint again with torch.save.`,
      );
    },
    stored: sizes.stored,
    next,
    isIntact: () => crc32(content) === expectedCrc,
  };
}

/** Reads the sizes and offsets that exceed 32 bits from the ZIP64 extra field. */
function readZip64Sizes(
  view: DataView,
  from: number,
  to: number,
  sizes: { stored: number; size: number; local: number },
): void {
  for (let at = from; at + 4 <= to; ) {
    const end = at + 4 + view.getUint16(at + 2, true);
    if (end > to) throw damaged('an entry of its directory has a damaged extra field');
    if (view.getUint16(at, true) === 1) {
      let field = at + 4;
      for (const key of ['size', 'stored', 'local'] as const) {
        if (sizes[key] !== 0xffffffff) continue;
        if (field + 8 > end) throw damaged('an entry of its directory has a damaged ZIP64 field');
        sizes[key] = readUint64(view, field);
        field += 8;
      }
    }
    at = end;
  }
}

function readUint64(view: DataView, at: number): number {
  const value = view.getBigUint64(at, true);
  // Infinity fails the later checks against the file's size.
  return value > BigInt(Number.MAX_SAFE_INTEGER) ? Number.POSITIVE_INFINITY : Number(value);
}

function decode(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes);
}

function damaged(what: string): CheckpointError {
  return new CheckpointError(`The ZIP file is damaged: ${what}.`);
}
