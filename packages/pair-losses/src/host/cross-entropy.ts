import { exp } from './exp.js';

/**
 * Computes the cross-entropy of a row of scale · logits, and replaces the logits by the softmax minus the one-hot label.
 * @returns log Σ exp(scale · logits) − scale · logits[label].
 */
export function crossEntropy(logits: Float32Array | Float64Array, label: number, scale = 1): number {
  const { length } = logits;
  let top = Number.NEGATIVE_INFINITY;
  for (let k = 0; k < length; k++) {
    const logit = scale * logits[k];
    if (logit > top) top = logit;
  }
  const own = scale * logits[label];
  let sum = 0;
  for (let k = 0; k < length; k++) {
    const term = exp(scale * logits[k] - top);
    logits[k] = term;
    sum += term;
  }
  const inverse = 1 / sum;
  for (let k = 0; k < length; k++) logits[k] *= inverse;
  logits[label] -= 1;
  return top + Math.log(sum) - own;
}
