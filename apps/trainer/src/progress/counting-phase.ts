import type { ProgressReporter } from './progress-reporter.js';

/** Where there is no terminal each telling is a line, so that it is not told more often. */
const EVERY_MS = 5000;

/** Tells a phase that counts, such as "reading (7 of 90)": its first words at once, others at most every few seconds. */
export function countingPhase(progress: ProgressReporter): (words: string) => void {
  let told = Number.NEGATIVE_INFINITY;
  return (words) => {
    if (performance.now() - told < EVERY_MS) return;
    told = performance.now();
    progress.phase(words);
  };
}
