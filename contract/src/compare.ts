import type { Difference, Values } from './check.js';

/** Smallest magnitude that differences are relative to: smaller values of cpu count as 0. */
const SMALLEST_SIZE = 1e-6;

/**
 * Computes the difference of each value from the expected one. It is infinite if the lengths differ or a value is NaN.
 * @param vanishing Names of values whose difference is relative to the largest magnitude of all values.
 */
export function compareValues(
  actual: Values,
  expected: Values,
  vanishing: readonly string[] = [],
): Difference[] {
  const outputs = new Set([...Object.keys(expected), ...Object.keys(actual)]);
  const largest = Math.max(...Object.values(expected).map(largestMagnitude));
  return [...outputs].map((output) => {
    const [a, e] = [actual[output], expected[output]];
    if (!a || !e || a.length !== e.length) return { output, absolute: Infinity, relative: Infinity };
    let absolute = 0;
    for (let i = 0; i < e.length; i++) {
      const difference = Math.abs(a[i] - e[i]);
      if (!(difference <= absolute)) absolute = Number.isNaN(difference) ? Infinity : difference;
    }
    const size = vanishing.includes(output) ? largest : largestMagnitude(e);
    return { output, absolute, relative: absolute / size };
  });
}

function largestMagnitude(values: ArrayLike<number>): number {
  let size = SMALLEST_SIZE;
  for (let i = 0; i < values.length; i++) size = Math.max(size, Math.abs(values[i]));
  return size;
}

/** Describes the differences that exceed the tolerance. */
export function describeLarge(differences: readonly Difference[], tolerance: number): string[] {
  return differences
    .filter(({ relative }) => !(relative <= tolerance))
    .map(
      ({ output, absolute, relative }) =>
        `${output} differs from cpu's by ${absolute.toExponential(2)}, relative ${relative.toExponential(2)}; ${tolerance} is allowed`,
    );
}
