import type { Difference, Values } from './check.js';

/** Where all of cpu's values are smaller than this they count as 0, and differences are relative to it. */
const SMALLEST_SIZE = 1e-6;

/**
 * How far values are from those expected. Infinite where they are not as many or one is no number.
 * @param vanishing Those that are relative to the largest magnitude of all.
 */
export function differencesOf(
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

/** Those differences that are too large, in words. */
export function tooLarge(differences: readonly Difference[], tolerance: number): string[] {
  return differences
    .filter(({ relative }) => !(relative <= tolerance))
    .map(
      ({ output, absolute, relative }) =>
        `${output} differs from cpu's by ${absolute.toExponential(2)}, relative ${relative.toExponential(2)}; ${tolerance} is allowed`,
    );
}
