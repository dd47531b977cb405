/** Returns the index i with starts[i] ≤ value < starts[i + 1]. @param starts Ascending; the value is in its range. */
export function findRange(starts: Float64Array | Uint32Array, value: number): number {
  let [low, high] = [0, starts.length - 1];
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (starts[middle] <= value) low = middle;
    else high = middle;
  }
  return low;
}
