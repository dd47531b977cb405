import { readFileSync } from 'node:fs';
import { inflateSync } from 'node:zlib';

/** Returns the code points of a WOFF 1.0 file: the union of its format 4 and format 12 character maps. */
export function characters(path: string): Set<number> {
  const file = readFileSync(path);
  const tables = file.readUInt16BE(12);
  for (let i = 0; i < tables; i++) {
    const entry = 44 + i * 20;
    if (file.toString('latin1', entry, entry + 4) !== 'cmap') continue;
    const offset = file.readUInt32BE(entry + 4);
    const packed = file.readUInt32BE(entry + 8);
    const length = file.readUInt32BE(entry + 12);
    const bytes = file.subarray(offset, offset + packed);
    return readMap(packed < length ? inflateSync(bytes) : bytes);
  }
  throw new Error(`${path} has no character map (cmap table).`);
}

function readMap(map: Buffer): Set<number> {
  const found = new Set<number>();
  for (let i = 0; i < map.readUInt16BE(2); i++) {
    const at = map.readUInt32BE(4 + i * 8 + 4);
    const format = map.readUInt16BE(at);
    if (format === 12) {
      for (let g = 0; g < map.readUInt32BE(at + 12); g++) {
        const group = at + 16 + g * 12;
        for (let c = map.readUInt32BE(group); c <= map.readUInt32BE(group + 4); c++) found.add(c);
      }
    } else if (format === 4) {
      const segments = map.readUInt16BE(at + 6) / 2;
      const [ends, starts] = [at + 14, at + 16 + segments * 2];
      const [deltas, offsets] = [starts + segments * 2, starts + segments * 4];
      for (let s = 0; s < segments; s++) {
        const start = map.readUInt16BE(starts + s * 2);
        const end = map.readUInt16BE(ends + s * 2);
        const delta = map.readUInt16BE(deltas + s * 2);
        const range = map.readUInt16BE(offsets + s * 2);
        for (let c = start; c <= end && c < 0xffff; c++) {
          const raw = range === 0 ? c : map.readUInt16BE(offsets + s * 2 + range + (c - start) * 2);
          if (raw !== 0 && ((raw + delta) & 0xffff) !== 0) found.add(c);
        }
      }
    }
  }
  return found;
}
