import { writeRefusal } from '@unitsphere/core/disk';

/** A teacher-feature cache that cannot be opened, or a feature that cannot be kept. */
export class FeatureCacheError extends Error {
  override name = 'FeatureCacheError';
}

/** Runs fn; what the disk refuses becomes an error that says so, and what is safe. */
export function onDisk<T>(path: string, fn: () => T): T {
  try {
    return fn();
  } catch (error) {
    const refusal = writeRefusal(path, error);
    if (!refusal) throw error;
    throw new FeatureCacheError(
      `The teacher's features cannot be written to ${path}: ${refusal}. Those written before are safe: make room, or name another folder for the cache, and run again.`,
      { cause: error },
    );
  }
}
