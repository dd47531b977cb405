/**
 * Computes the cross-entropy of a row of logits, and replaces them by the softmax minus the one-hot label.
 * @returns log Σ exp(logits) − logits[label].
 */
export function crossEntropy(logits: Float64Array, label: number): number {
  const { length } = logits;
  let top = Number.NEGATIVE_INFINITY;
  for (let k = 0; k < length; k++) if (logits[k] > top) top = logits[k];
  const own = logits[label];
  let sum = 0;
  for (let k = 0; k < length; k++) {
    const term = Math.exp(logits[k] - top);
    logits[k] = term;
    sum += term;
  }
  for (let k = 0; k < length; k++) logits[k] /= sum;
  logits[label] -= 1;
  return top + Math.log(sum) - own;
}
