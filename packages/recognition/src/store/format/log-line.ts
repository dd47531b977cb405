import { crc32 } from './crc32.js';

/** Bytes of `,"crc":"01234567"}` and the end of the line. */
const SEAL_BYTES = 19;
const NEWLINE = 0x0a;
const encoder = new TextEncoder();
const decoder = new TextDecoder('utf-8', { fatal: true });

/**
 * Encodes a line of the log: a JSON object whose last member `crc` is the CRC-32 of the bytes before it, from the line's start.
 * @param offset Position of the line in the log, with which the CRC begins. A line that moved is thus not valid.
 */
export function encodeLine(content: object, offset: number): Uint8Array {
  const open = encoder.encode(JSON.stringify(content).slice(0, -1));
  const line = new Uint8Array(open.length + SEAL_BYTES);
  line.set(open);
  line.set(encoder.encode(`,"crc":"${hex(crc32(open, offset))}"}\n`), open.length);
  return line;
}

/** Reads the line at an offset of the log. @returns Its content and the offset of the next line; undefined if it is not valid. */
export function readLine(
  log: Uint8Array,
  offset: number,
): { content: Record<string, unknown>; end: number } | undefined {
  const newline = log.indexOf(NEWLINE, offset);
  const sealAt = newline + 1 - SEAL_BYTES;
  if (newline < 0 || sealAt <= offset) return undefined;
  const expected = `,"crc":"${hex(crc32(log.subarray(offset, sealAt), offset))}"}`;
  for (let i = 0; i < expected.length; i++) if (log[sealAt + i] !== expected.charCodeAt(i)) return undefined;
  try {
    const content = JSON.parse(decoder.decode(log.subarray(offset, newline)));
    return { content, end: newline + 1 };
  } catch {
    return undefined;
  }
}

/** Returns whether a valid line begins anywhere after an offset at which none does. */
export function hasLineAfter(log: Uint8Array, offset: number): boolean {
  for (let at = log.indexOf(NEWLINE, offset) + 1; at > 0; at = log.indexOf(NEWLINE, at) + 1) {
    // A lost page may be zeros up to the middle of a line, but lines begin with a brace.
    if (log[at] === 0x7b && readLine(log, at)) return true;
  }
  return false;
}

/** Formats a CRC-32 as eight hexadecimal digits. */
export function hex(crc: number): string {
  return crc.toString(16).padStart(8, '0');
}
