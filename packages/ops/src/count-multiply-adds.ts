let current: { total: number } | undefined;

/**
 * Counts the multiply-accumulates of the convolutions and matrix products that fn runs, as fvcore and timm do: one for each
 * product in a sum. Norms, activations, pooling, sums and gradients are not counted.
 * @param fn Runs operations of this package on the current backend, and disposes its own tensors.
 * @throws Error if another count is running.
 */
export function countMultiplyAdds(fn: () => void): number {
  if (current) throw new Error('countMultiplyAdds: a count is already running. Do not nest counts.');
  const count = { total: 0 };
  current = count;
  try {
    fn();
  } finally {
    current = undefined;
  }
  return count.total;
}

/** Adds to the running count, if any. */
export function addMultiplyAdds(count: () => number): void {
  if (current) current.total += count();
}
