/**
 * Replaces a value so that its exponent factor · value is −Infinity.
 * @param column Its place, or −1 for none.
 */
export function maskColumn(values: Float32Array, column: number, factor: number): void {
  if (column >= 0) values[column] = factor > 0 ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY;
}
