let running: { total: number } | undefined;

/**
 * The multiply-accumulates of the convolutions and matrix products that fn runs, as fvcore and timm count them: one for
 * each product in a sum; norms, activations, pools and sums are left out, as are gradients.
 * @param fn Runs operations of this package, on the current backend; its tensors are its own to free.
 * @throws Error inside another count.
 */
export function countMultiplyAdds(fn: () => void): number {
  if (running) throw new Error('countMultiplyAdds: a count is running already.');
  const mine = { total: 0 };
  running = mine;
  try {
    fn();
  } finally {
    running = undefined;
  }
  return mine.total;
}

/** Adds to the count that is running, if one is. */
export function addMultiplyAdds(count: () => number): void {
  if (running) running.total += count();
}
