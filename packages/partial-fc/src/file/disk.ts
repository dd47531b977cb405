import { writeRefusal } from '@unitsphere/core/disk';
import { CenterStoreError } from '../errors.js';

/** Runs fn; what the disk refuses becomes an error that says so, and what is safe. */
export function onDisk<T>(path: string, fn: () => T): T {
  try {
    return fn();
  } catch (error) {
    const refusal = writeRefusal(path, error);
    if (!refusal) throw error;
    throw new CenterStoreError(
      `cannot write ${path}: ${refusal}. The centres of the last checkpoint are untouched: put it right, then resume from that checkpoint.`,
      { cause: error },
    );
  }
}
