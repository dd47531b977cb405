import type { Summary } from './measure/statistics.js';

/** Formats a number with three significant digits and no exponent. */
export function formatDigits(value: number): string {
  const size = Math.abs(value);
  return value.toFixed(size >= 100 ? 0 : size >= 10 ? 1 : size >= 1 ? 2 : 3);
}

/** Formats a summary as `median (low–high)`. */
export function formatSummary({ median, low, high }: Summary): string {
  return `${formatDigits(median)} (${formatDigits(low)}–${formatDigits(high)})`;
}

/** Formats a number of bytes in MB (10⁶ bytes), without the unit. */
export function formatMegabytes(bytes: number): string {
  return (bytes / 1e6).toFixed(0);
}
