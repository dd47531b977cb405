/** Shards that one pattern may name. */
const MOST = 100_000;
const RANGE = /\{(\d+)\.\.(\d+)\}/;

/**
 * Returns the paths that a pattern with ranges names, as WebDataset has them: `train-{000..002}.tar` is three shards. A pattern
 * without braces is one path.
 * @throws Error for a range that is not valid, or more than 100,000 paths.
 */
export function expandBraces(pattern: string): string[] {
  const ranges = [...pattern.matchAll(new RegExp(RANGE, 'g'))];
  const counts = ranges.map(([, first, last]) => Number(last) - Number(first) + 1);
  const wrong = counts.findIndex((count) => !(count >= 1));
  if (wrong >= 0)
    throw new Error(`The range ${ranges[wrong][0]} of "${pattern}" is empty; give the lowest first.`);
  // Counted before anything is listed: a pattern of a few letters can name more paths than fit into memory.
  const total = counts.reduce((product, count) => product * count, 1);
  if (total > MOST) throw new Error(`"${pattern}" names ${total} shards, more than ${MOST}.`);
  return expand(pattern);
}

function expand(pattern: string): string[] {
  const match = RANGE.exec(pattern);
  if (!match) return [pattern];
  const [range, first, last] = match;
  return Array.from({ length: Number(last) - Number(first) + 1 }, (_, i) =>
    pattern.replace(range, String(Number(first) + i).padStart(first.length, '0')),
  ).flatMap(expand);
}
