import { writeRefusal } from '@unitsphere/core/disk';
import { CenterStoreError } from '../errors.js';

/** Runs fn; what the disk refuses becomes an error that says so, and what is safe. */
export function onDisk<T>(path: string, fn: () => T): T {
  try {
    return fn();
  } catch (error) {
    if (!writeRefusal(path, error)) throw error;
    throw writeError(path, error as NodeJS.ErrnoException);
  }
}

/** That a file could not be written: why, by the error's code, and what is safe. */
export function writeError(path: string, cause: { code?: string }): CenterStoreError {
  const reason = writeRefusal(path, cause) ?? `the system says ${cause.code}`;
  return new CenterStoreError(
    `cannot write ${path}: ${reason}. The centers of the last checkpoint are untouched: put it right, then resume from that checkpoint.`,
    { cause },
  );
}
