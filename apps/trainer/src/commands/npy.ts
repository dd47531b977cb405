/**
 * Formats rows of equal length as a NumPy file, float32 [rows, columns], version 1.0.
 * @see https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html
 */
export function formatNpy(rows: readonly Float32Array[], columns: number): Uint8Array {
  const shape = `(${rows.length}, ${columns})`;
  const description = `{'descr': '<f4', 'fortran_order': False, 'shape': ${shape}, }`;
  // The header ends with a newline, and its length is a multiple of 64.
  const length = Math.ceil((10 + description.length + 1) / 64) * 64;
  const bytes = Buffer.alloc(length + rows.length * columns * 4, ' ');
  bytes.write('\x93NUMPY\x01\x00', 0, 'latin1');
  bytes.writeUInt16LE(length - 10, 8);
  bytes.write(description, 10, 'latin1');
  bytes[length - 1] = 0x0a;
  rows.forEach((row, r) => {
    row.forEach((value, i) => {
      bytes.writeFloatLE(value, length + 4 * (r * columns + i));
    });
  });
  return bytes;
}
