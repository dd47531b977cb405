/** A file of weights that cannot be read: cut off, damaged, of another format, or holding what is refused. */
export class CheckpointError extends Error {
  override name = 'CheckpointError';
}
