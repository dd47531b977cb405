import { CheckpointError } from './checkpoint-error.js';
import { crc32 } from './crc32.js';

// Signatures and sizes of APPNOTE.TXT, PKWARE's description of the format.
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

/** An uncompressed file inside a ZIP file. */
export interface ZipEntry {
  name: string;
  /** Its bytes inside the ZIP file's: a view, not a copy. */
  bytes: Uint8Array;
  /** Whether the bytes have the CRC-32 that the ZIP file says. Reads them all. */
  isIntact(): boolean;
}

/**
 * The files in a ZIP file by their names. Only stored (uncompressed) ones, as torch.save writes them, so that nothing is
 * allocated for what the file merely claims; ZIP64 too.
 * @throws CheckpointError when it is no ZIP file, cut off, damaged, encrypted or compressed.
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
    // Overlapping files would be many times what there is.
    total += entry.bytes.byteLength;
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
    throw damaged('its directory, at the end, is missing: it is cut off');
  let count: number = view.getUint16(end + 10, true);
  let size: number = view.getUint32(end + 12, true);
  let start: number = view.getUint32(end + 16, true);
  const locator = end - END64_LOCATOR_BYTES;
  if (locator >= 0 && view.getUint32(locator, true) === END64_LOCATOR) {
    const end64 = wide(view, locator + 8);
    if (end64 + END64_BYTES > locator || view.getUint32(end64, true) !== END64)
      throw damaged('its ZIP64 directory is not where it should be');
    count = wide(view, end64 + 32);
    size = wide(view, end64 + 40);
    start = wide(view, end64 + 48);
  }
  if (start + size > end) throw damaged('its directory lies outside the file');
  return { count, start, size };
}

function readEntry(
  bytes: Uint8Array,
  view: DataView,
  at: number,
  directoryEnd: number,
): ZipEntry & { next: number } {
  const flags = view.getUint16(at + 8, true);
  const method = view.getUint16(at + 10, true);
  const expectedCrc = view.getUint32(at + 16, true);
  const nameEnd = at + CENTRAL_BYTES + view.getUint16(at + 28, true);
  const extraEnd = nameEnd + view.getUint16(at + 30, true);
  const next = extraEnd + view.getUint16(at + 32, true);
  if (next > directoryEnd) throw damaged('an entry of its directory is cut off');
  const name = decode(bytes.subarray(at + CENTRAL_BYTES, nameEnd));
  if (flags & 1) throw new CheckpointError(`"${name}" in the ZIP file is encrypted.`);
  if (method !== 0) {
    throw new CheckpointError(
      `"${name}" in the ZIP file is compressed, which torch.save never does; save the checkpoint with torch.save again.`,
    );
  }
  const sizes = {
    stored: view.getUint32(at + 20, true),
    size: view.getUint32(at + 24, true),
    local: view.getUint32(at + 42, true),
  };
  widen(view, nameEnd, extraEnd, sizes);
  if (sizes.stored !== sizes.size)
    throw damaged(`"${name}" has two sizes, ${sizes.stored} and ${sizes.size} bytes`);
  const { local } = sizes;
  if (local + LOCAL_BYTES > bytes.byteLength || view.getUint32(local, true) !== LOCAL)
    throw damaged(`"${name}" is not where its directory says`);
  const begin = local + LOCAL_BYTES + view.getUint16(local + 26, true) + view.getUint16(local + 28, true);
  if (begin + sizes.size > bytes.byteLength)
    throw damaged(`"${name}" claims ${sizes.size} bytes, more than there are: it is cut off`);
  const content = bytes.subarray(begin, begin + sizes.size);
  return { name, bytes: content, next, isIntact: () => crc32(content) === expectedCrc };
}

/** Takes from the ZIP64 extra field what did not fit 32 bits. */
function widen(
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
        sizes[key] = wide(view, field);
        field += 8;
      }
    }
    at = end;
  }
}

function wide(view: DataView, at: number): number {
  const value = view.getBigUint64(at, true);
  // No file is so long; as Infinity it fails the check for the file's end.
  return value > BigInt(Number.MAX_SAFE_INTEGER) ? Number.POSITIVE_INFINITY : Number(value);
}

function decode(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes);
}

function damaged(what: string): CheckpointError {
  return new CheckpointError(`The ZIP file is damaged: ${what}.`);
}
