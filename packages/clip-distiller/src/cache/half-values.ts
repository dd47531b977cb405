import { halfToFloat } from '@unitsphere/core/half';

let table: Float32Array | undefined;

/** Returns a table of the values of all float16 bit patterns, which is faster than computing millions of them. */
export function halfValues(): Float32Array {
  table ??= Float32Array.from({ length: 65536 }, (_, bits) => halfToFloat(bits));
  return table;
}
