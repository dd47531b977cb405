import { exp, SAFE_EXPONENT } from './exp.js';
import { softmaxFunctions } from './softmax.js';
import { addressOf } from './wasm-functions.js';

/**
 * Computes the cross-entropy of a row of scale · logits, and replaces each logit by a factor of its softmax.
 * @param bound Largest absolute value of a logit, if it is known.
 * @returns The loss log Σ exp(scale · logits) − scale · logits[label], and the sum of the factors: the softmax is
 *   logits / sum.
 */
export function crossEntropy(
  logits: Float32Array | Float64Array,
  label: number,
  scale: number,
  bound = Number.POSITIVE_INFINITY,
): { loss: number; sum: number } {
  const { length } = logits;
  const own = scale * logits[label];
  const isSafe = Math.abs(scale) * bound <= SAFE_EXPONENT;
  const wasm = logits instanceof Float32Array ? softmaxFunctions(logits) : undefined;
  if (wasm) {
    const at = addressOf(logits as Float32Array);
    const top = isSafe ? 0 : wasm.largest(at, length, scale);
    const sum = wasm.exponentials(at, length, scale, top);
    return { loss: top + Math.log(sum) - own, sum };
  }
  let top = 0;
  if (!isSafe) {
    top = Number.NEGATIVE_INFINITY;
    for (let k = 0; k < length; k++) {
      const logit = scale * logits[k];
      if (logit > top) top = logit;
    }
  }
  let sum = 0;
  for (let k = 0; k < length; k++) {
    const term = exp(scale * logits[k] - top);
    logits[k] = term;
    sum += term;
  }
  return { loss: top + Math.log(sum) - own, sum };
}
