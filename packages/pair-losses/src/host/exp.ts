// e^x = 2^(n / STEPS) · e^r with |r| ≤ ln 2 / (2 · STEPS): two table entries and a parabola.
const STEPS = 256;
const PER_UNIT = STEPS / Math.LN2;
const UNIT = Math.LN2 / STEPS;
const OFFSET = 1 << 18;
// Powers of 2 for normal numbers only.
const LOWEST_POWER = -1022;
const FRACTIONS = /* @__PURE__ */ Float64Array.from({ length: STEPS }, (_, i) => 2 ** (i / STEPS));
const POWERS = /* @__PURE__ */ Float64Array.from({ length: 2046 }, (_, i) => 2 ** (i + LOWEST_POWER));

/** Exponents up to this size need no shift: a term is a normal float32, and a sum is a float64. */
export const SAFE_EXPONENT = 80;

/** Computes e^x with a relative error below 1e-9, several times as fast as `Math.exp`. */
export function exp(x: number): number {
  if (!(x > -700 && x < 700)) return Math.exp(x);
  // Positive before it is truncated, so that truncating rounds down.
  const n = ((x * PER_UNIT + OFFSET + 0.5) | 0) - OFFSET;
  const r = x - n * UNIT;
  return FRACTIONS[n & (STEPS - 1)] * POWERS[(n >> 8) - LOWEST_POWER] * (1 + r * (1 + 0.5 * r));
}
