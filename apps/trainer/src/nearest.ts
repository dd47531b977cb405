import { distance } from 'fastest-levenshtein';

/** The known name that a mistyped one most likely meant, or nothing when none is near. */
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
  // A third of the letters wrong, but always one slip and never a different word.
  return best !== undefined && fewest <= Math.max(1, Math.ceil(best.length / 3)) ? best : undefined;
}

// Letters in the wrong order are one slip, and two edits or more.
const sorted = (word: string) => [...word.toLowerCase()].sort().join('');
