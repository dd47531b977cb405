import { checkThreads } from '@unitsphere/inference';
import { EmbedderError } from './embedder-error.js';

/** @throws RangeError if `threads` is not a positive integer; EmbedderError if there are several, and they cannot share memory. */
export function requireThreads(threads: number): void {
  try {
    checkThreads(threads);
  } catch (error) {
    if (error instanceof RangeError) throw error;
    throw new EmbedderError('RUNTIME_UNAVAILABLE', (error as Error).message, { cause: error });
  }
}
