import { exp } from './exp.js';

/**
 * Computes log Σ counts · exp(x) of a row, and its derivative by x.
 * @param x The exponents; where `counts` is 0 they are not read.
 * @param slope Receives the derivative.
 * @param addOne Whether to add 1 to the sum.
 * @returns −Infinity without entries, or 0 with `addOne`.
 */
export function logSumExp(
  x: Float64Array,
  counts: Float32Array,
  slope: Float64Array,
  addOne = false,
): number {
  const { length } = x;
  let top = addOne ? 0 : Number.NEGATIVE_INFINITY;
  for (let k = 0; k < length; k++) if (counts[k] > 0 && x[k] > top) top = x[k];
  if (top === Number.NEGATIVE_INFINITY) {
    slope.fill(0);
    return top;
  }
  let sum = addOne ? exp(-top) : 0;
  for (let k = 0; k < length; k++) {
    const term = counts[k] > 0 ? counts[k] * exp(x[k] - top) : 0;
    slope[k] = term;
    sum += term;
  }
  const inverse = 1 / sum;
  for (let k = 0; k < length; k++) slope[k] *= inverse;
  return top + Math.log(sum);
}

/** Computes log(1 + exp(x)). */
export function softplus(x: number): number {
  const term = exp(-Math.abs(x));
  // The series is exact to 4e-10 there, and faster than the logarithm.
  return Math.max(x, 0) + (term < 1e-3 ? term * (1 - term / 2) : Math.log1p(term));
}

/** Computes 1 / (1 + exp(−x)). */
export function sigmoid(x: number): number {
  return 1 / (1 + exp(-x));
}
