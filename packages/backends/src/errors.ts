/** Thrown when a requested backend cannot be used. The message says why and what to do. */
export class BackendUnavailableError extends Error {
  override readonly name = 'BackendUnavailableError';
  /** Stable name of the error, for programs. */
  readonly code = 'BACKEND_UNAVAILABLE';

  /**
   * @param backend Name of the requested backend.
   * @param reason Why it cannot be used, as a sentence.
   * @param remedy What to do, as a sentence or a command.
   */
  constructor(
    readonly backend: string,
    readonly reason: string,
    readonly remedy: string,
    options?: ErrorOptions,
  ) {
    super(`The backend "${backend}" cannot be used: ${reason} ${remedy}`, options);
  }
}
