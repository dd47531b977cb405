import type { ProgressReporter } from './progress-reporter.js';

/** Without a terminal, each report is a line of its own, so reports are this far apart. */
const EVERY_MS = 5000;

/**
 * Returns a function that reports a counting phase such as "reading (7 of 90)": at once, then at most every few seconds.
 * @param isLong Whether the first report is made only after a few seconds, because most phases of the kind are shorter.
 */
export function countingPhase(progress: ProgressReporter, isLong = false): (words: string) => void {
  let reportedAt = isLong ? performance.now() : Number.NEGATIVE_INFINITY;
  return (words) => {
    if (performance.now() - reportedAt < EVERY_MS) return;
    reportedAt = performance.now();
    progress.phase(words);
  };
}
