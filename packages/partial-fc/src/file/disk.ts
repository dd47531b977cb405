import { explainWriteError } from '@unitsphere/core/disk';
import { CenterStoreError } from '../errors.js';

/** Runs `fn` and returns its result. @throws CenterStoreError for an error of the disk; any other error as it is. */
export function onDisk<T>(path: string, fn: () => T): T {
  try {
    return fn();
  } catch (error) {
    throw toStoreError(path, error);
  }
}

/** Returns what to throw when writing `path` failed: a CenterStoreError for an error of the disk, else the error itself. */
export function toStoreError(path: string, error: unknown): unknown {
  return explainWriteError(path, error) ? writeError(path, error as NodeJS.ErrnoException) : error;
}

/** Returns the error of a failed write: the reason by the cause's code, and how to continue. */
export function writeError(path: string, cause: { code?: string }): CenterStoreError {
  const reason = explainWriteError(path, cause) ?? `the system reports ${cause.code}`;
  return new CenterStoreError(
    `cannot write ${path}: ${reason}. The centers of the last checkpoint are intact: fix the cause, then resume from that checkpoint.`,
    { cause },
  );
}
