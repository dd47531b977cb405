/** Thrown when a native backend cannot be installed. The message says why and what to do. */
export class InstallError extends Error {
  override readonly name = 'InstallError';
  /** Stable name of the error, for programs. */
  readonly code = 'INSTALL_FAILED';

  /**
   * @param reason What went wrong, as a sentence.
   * @param remedy What to do, as a sentence or a command.
   */
  constructor(
    readonly reason: string,
    readonly remedy: string,
    options?: ErrorOptions,
  ) {
    super(`${reason} ${remedy}`, options);
  }
}
