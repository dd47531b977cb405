/** The value of float16's 16 bits. */
export function halfToFloat(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 0x1f;
  const fraction = bits & 0x3ff;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  if (exponent === 31) return fraction ? Number.NaN : sign * Number.POSITIVE_INFINITY;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}

const floats = new Float32Array(1);
const bits = new Uint32Array(floats.buffer);

/**
 * A float32 value as float16's 16 bits, rounded to the nearest, halves to even, as PyTorch and IEEE 754 do. What is too
 * large is infinite; NaN stays one.
 */
export function floatToHalf(value: number): number {
  floats[0] = value;
  const x = bits[0];
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
  floats[0] = Math.abs(floats[0]) + 0.5;
  return sign | (bits[0] - 0x3f000000);
}
