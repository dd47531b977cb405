import { explainWriteError } from '@unitsphere/core/disk';

/** Thrown when a teacher-feature cache cannot be opened, or a feature cannot be stored. */
export class FeatureCacheError extends Error {
  override name = 'FeatureCacheError';
  /** Stable name of the error, for programs. */
  readonly code = 'FEATURE_CACHE_UNUSABLE';
}

/** Runs fn. @throws FeatureCacheError for an error of the disk; any other error as it is. */
export function onDisk<T>(path: string, fn: () => T): T {
  try {
    return fn();
  } catch (error) {
    const reason = explainWriteError(path, error);
    if (!reason) throw error;
    throw new FeatureCacheError(
      `The teacher's features cannot be written to ${path}: ${reason}. Features written earlier are safe. Fix the cause or choose another cache folder, then run again.`,
      { cause: error },
    );
  }
}
