import type { Summary } from './measure/statistics.js';

/** Three significant digits, without an exponent. */
export function digits(value: number): string {
  const size = Math.abs(value);
  return value.toFixed(size >= 100 ? 0 : size >= 10 ? 1 : size >= 1 ? 2 : 3);
}

/** median (low–high). */
export function spread({ median, low, high }: Summary): string {
  return `${digits(median)} (${digits(low)}–${digits(high)})`;
}

/** Bytes as MB. */
export function megabytes(bytes: number): string {
  return (bytes / 1e6).toFixed(0);
}
