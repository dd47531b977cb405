import { toFloat32 } from '@unitsphere/core';

const floats = new Float32Array(1);
const bits = new Uint32Array(floats.buffer);

/**
 * A float32 value as float16's 16 bits, rounded to the nearest, halves to even, as PyTorch and IEEE 754 do. What is too
 * large is infinite; NaN stays one.
 */
export function toHalf(value: number): number {
  floats[0] = value;
  const x = bits[0]!;
  const sign = (x >>> 16) & 0x8000;
  const size = x & 0x7fffffff;
  if (size > 0x7f800000) return sign | 0x7e00;
  // From 65520 on, half-way to what would be the next value, everything is infinite.
  if (size >= 0x477ff000) return sign | 0x7c00;
  if (size >= 0x38800000) {
    // Adding just under half of the last place kept, and 1 more where that is odd, carries as rounding should.
    return sign | ((size + 0xfff + ((size >>> 13) & 1) - 0x38000000) >>> 13);
  }
  // Below 2^-14 the last place is 2^-24: a float32 of that size added to 0.5 is rounded there by the addition itself.
  floats[0] = Math.abs(floats[0]!) + 0.5;
  return sign | (bits[0]! - 0x3f000000);
}

let table: Float32Array | undefined;

/** Each float16's value, by its 16 bits. */
export function halfValues(): Float32Array {
  table ??= toFloat32({
    dtype: 'F16',
    shape: [65536],
    data: Uint16Array.from({ length: 65536 }, (_, pattern) => pattern),
  });
  return table;
}
