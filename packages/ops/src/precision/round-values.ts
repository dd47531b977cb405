/** Stored bits of a significand: 7 are bfloat16's, 10 TensorFloat-32's (and float16's). */
export type SignificandBits = 7 | 10;

const NAN = 0x7fc00000;

/**
 * float32 values with their significands rounded to so many stored bits: to the nearest, ties to even; what rounds up past
 * the largest is infinite, NaN is the quiet NaN 0x7fc00000, denormals are rounded like all others.
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
    // Just under half of the last place, and 1 more where that is odd, carries as rounding should.
    to[i] = (x & 0x7fffffff) > 0x7f800000 ? NAN : (x + half + ((x >>> drop) & 1)) & kept;
  }
  return out;
}

/**
 * float32 values as bfloat16's 16 bits, rounded to the nearest, ties to even, as PyTorch's `to(torch.bfloat16)`. What is
 * too large is infinite; every NaN is 0x7fc0.
 * @param values float32.
 * @returns One pattern a value; `new Float32Array(Uint32Array.from(patterns, (bits) => bits << 16).buffer)` has the values.
 */
export function toBfloat16(values: Float32Array): Uint16Array {
  const rounded = new Uint32Array(roundValues(values, 7).buffer);
  return Uint16Array.from(rounded, (bits) => bits >>> 16);
}

function bitsOf(values: Float32Array): Uint32Array {
  return new Uint32Array(values.buffer, values.byteOffset, values.length);
}
