/** Reason of an {@link EmbedderError}. */
export type EmbedderErrorCode =
  | 'SOURCE_NOT_FOUND'
  | 'MODEL_INVALID'
  | 'WEIGHTS_INVALID'
  | 'FOLDER_NOT_EMPTY'
  | 'FOLDER_NOT_WRITABLE'
  | 'RUNTIME_UNAVAILABLE'
  | 'DISPOSED';

/** Thrown if an embedder cannot be loaded, saved or used. The message says what to do. */
export class EmbedderError extends Error {
  override name = 'EmbedderError';

  constructor(
    readonly code: EmbedderErrorCode,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}
