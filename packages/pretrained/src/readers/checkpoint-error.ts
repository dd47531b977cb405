/** Thrown for a weight file that is truncated, damaged, of another format, or contains refused values. */
export class CheckpointError extends Error {
  override name = 'CheckpointError';
  /** Stable name of the error, for programs. */
  readonly code = 'CHECKPOINT_UNREADABLE';
}
