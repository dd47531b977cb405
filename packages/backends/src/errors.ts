/** A backend that was asked for cannot be used; the message says why, and `remedy` what to do about it. */
export class BackendUnavailableError extends Error {
  override readonly name = 'BackendUnavailableError';

  /**
   * @param backend The name that was asked for.
   * @param reason Why it cannot be used, one sentence.
   * @param remedy What to do, one sentence or a command.
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
