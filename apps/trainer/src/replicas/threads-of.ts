import type { Config } from '../config/config.js';

/** Returns the number of threads of a replica's kernels; 1 for `auto`, which `resolveThreads` replaces where kernels are native. */
export function threadsOf({ training: { threads } }: Pick<Config, 'training'>): number {
  return threads === 'auto' ? 1 : threads;
}
