import { countingPhase } from '../progress/counting-phase.js';
import type { ProgressReporter } from '../progress/progress-reporter.js';
import type { OpenHandlers } from './dataset.js';

/** Returns handlers that show how far a long opening of images is: files listed, then images checked. */
export function openingHandlers(
  progress: ProgressReporter,
): Required<Pick<OpenHandlers, 'warn' | 'progress' | 'listed'>> {
  const phase = countingPhase(progress, true);
  const count = (n: number) => n.toLocaleString('en');
  return {
    warn: (message) => progress.note(message),
    listed: (files) => phase(`listing the folder: ${count(files)} files`),
    progress: (done, total) => phase(`checking images: ${count(done)} of ${count(total)}`),
  };
}
