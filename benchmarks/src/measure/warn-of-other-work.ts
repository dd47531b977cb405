import { formatDigits } from '../format.js';
import type { Measurement } from './interleave.js';

/** Returns one line of warning if other processes kept more than 0.1 cores busy during a measurement, or none. */
export function warnOfOtherWork(measurements: readonly Pick<Measurement, 'coresOfOthers'>[]): string[] {
  const cores = Math.max(0, ...measurements.map(({ coresOfOthers }) => coresOfOthers));
  return cores > 0.1
    ? [
        `- Warning: other processes kept up to ${formatDigits(cores)} cores busy during the measurement. Repeat it on an idle machine.`,
      ]
    : [];
}
