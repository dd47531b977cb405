/** What a recognition concludes. */
export type Decision = 'known' | 'unknown' | 'ambiguous' | 'undecided';

/** Decides from the scores of the best identities, in descending order. */
export function decide(scores: readonly number[], threshold: number | undefined, margin: number): Decision {
  if (threshold === undefined) return 'undecided';
  if (scores.length === 0 || scores[0] < threshold) return 'unknown';
  const isClose = scores.length > 1 && (scores[0] - scores[1] < margin || scores[0] === scores[1]);
  return isClose ? 'ambiguous' : 'known';
}
