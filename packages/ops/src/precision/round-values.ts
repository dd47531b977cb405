/** Number of stored bits of a significand: 7 in bfloat16, 10 in TensorFloat-32 and float16. */
export type SignificandBits = 7 | 10;

const NAN = 0x7fc00000;

/**
 * Rounds the significands of float32 values to a number of stored bits: to nearest, ties to even. Values that round past the
 * largest become infinite, every NaN becomes the quiet NaN 0x7fc00000, and denormals are rounded like other values.
 * @returns A new array.
 */
export function roundValues(values: Float32Array, bits: SignificandBits): Float32Array {
  const out = new Float32Array(values.length);
  const from = bitsOf(values);
  const to = new Uint32Array(out.buffer);
  const drop = 23 - bits;
  const half = 2 ** (drop - 1) - 1;
  const kept = -(2 ** drop);
  for (let i = 0; i < from.length; i++) {
    const x = from[i];
    // Adding half of the last place minus one, plus one if the last place is odd, rounds ties to even.
    to[i] = (x & 0x7fffffff) > 0x7f800000 ? NAN : (x + half + ((x >>> drop) & 1)) & kept;
  }
  return out;
}

/**
 * Converts float32 values to the 16-bit patterns of bfloat16, rounded to nearest, ties to even, as PyTorch's
 * `to(torch.bfloat16)`. Values that are too large become infinite; every NaN becomes 0x7fc0.
 * @returns One pattern per value. `new Float32Array(Uint32Array.from(patterns, (bits) => bits << 16).buffer)` converts back.
 */
export function toBfloat16(values: Float32Array): Uint16Array {
  const rounded = new Uint32Array(roundValues(values, 7).buffer);
  return Uint16Array.from(rounded, (bits) => bits >>> 16);
}

function bitsOf(values: Float32Array): Uint32Array {
  return new Uint32Array(values.buffer, values.byteOffset, values.length);
}
