import { distance } from 'fastest-levenshtein';

/** Returns the known name closest to a mistyped one, or undefined if none is close. */
export function nearest(name: string, known: readonly string[]): string | undefined {
  const lower = name.toLowerCase();
  let best: string | undefined;
  let fewest = Number.POSITIVE_INFINITY;
  for (const candidate of known) {
    const edits = sorted(lower) === sorted(candidate) ? 1 : distance(lower, candidate.toLowerCase());
    if (edits < fewest) {
      fewest = edits;
      best = candidate;
    }
  }
  // At most a third of the letters may differ; one edit is always allowed.
  return best !== undefined && fewest <= Math.max(1, Math.ceil(best.length / 3)) ? best : undefined;
}

// Transposed letters count as one edit.
const sorted = (word: string) => [...word.toLowerCase()].sort().join('');
