/** Thrown when weights cannot be fetched: no such file, URL or model, no network, or a damaged download. */
export class SourceError extends Error {
  override name = 'SourceError';
  /** Stable name of the error, for programs. */
  readonly code = 'WEIGHTS_UNAVAILABLE';
}
