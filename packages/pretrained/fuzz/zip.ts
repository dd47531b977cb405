import { concat } from '../src/concat.js';
import { crc32 } from '../src/readers/crc32.js';

/** Writes a ZIP file of stored files with correct CRC-32s. */
export function writeStoredZip(files: Iterable<[string, Uint8Array]>): Uint8Array {
  const parts: Uint8Array[] = [];
  const directory: Uint8Array[] = [];
  let at = 0;
  for (const [name, bytes] of files) {
    const label = new TextEncoder().encode(name);
    const shared = encodeFields(
      [2, 0],
      [2, 0],
      [2, 0],
      [4, 0],
      [4, crc32(bytes)],
      [4, bytes.length],
      [4, bytes.length],
      [2, label.length],
      [2, 0],
    );
    const local = [encodeFields([4, 0x04034b50], [2, 20]), shared.subarray(2), label, bytes];
    directory.push(
      encodeFields([4, 0x02014b50], [2, 20], [2, 20]),
      shared.subarray(2),
      encodeFields([2, 0], [2, 0], [2, 0], [4, 0], [4, at]),
      label,
    );
    parts.push(...local);
    at += local.reduce((sum, part) => sum + part.length, 0);
  }
  const size = directory.reduce((sum, part) => sum + part.length, 0);
  const count = directory.length / 4;
  const end = encodeFields(
    [4, 0x06054b50],
    [2, 0],
    [2, 0],
    [2, count],
    [2, count],
    [4, size],
    [4, at],
    [2, 0],
  );
  return concat([...parts, ...directory, end]);
}

/** Encodes little-endian numbers of the given sizes. */
function encodeFields(...numbers: [bytes: 2 | 4, value: number][]): Uint8Array {
  const out = new Uint8Array(numbers.reduce((sum, [bytes]) => sum + bytes, 0));
  const view = new DataView(out.buffer);
  let at = 0;
  for (const [bytes, value] of numbers) {
    if (bytes === 2) view.setUint16(at, value, true);
    else view.setUint32(at, value, true);
    at += bytes;
  }
  return out;
}
