/** Converts the 16 bits of a float16 value to a number. */
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
 * Converts a float32 value to the 16 bits of float16: rounds to nearest, ties to even, as IEEE 754 and PyTorch do. Values
 * that are too large become infinite; NaN stays NaN.
 */
export function floatToHalf(value: number): number {
  floats[0] = value;
  const x = bits[0];
  const sign = (x >>> 16) & 0x8000;
  const size = x & 0x7fffffff;
  if (size > 0x7f800000) return sign | 0x7e00;
  // 65520 is half-way between the largest float16 value and the next power of two, and rounds to infinity.
  if (size >= 0x477ff000) return sign | 0x7c00;
  if (size >= 0x38800000) {
    // Adds just under half of the last kept place, and 1 more if that place is odd: ties round to even.
    return sign | ((size + 0xfff + ((size >>> 13) & 1) - 0x38000000) >>> 13);
  }
  // Below 2^-14 the last place is 2^-24, which is also the last place of 0.5 in float32: the addition rounds.
  floats[0] = Math.abs(floats[0]) + 0.5;
  return sign | (bits[0] - 0x3f000000);
}
