/** A native backend could not be installed; the message says what is missing, `remedy` the command that mends it. */
export class InstallError extends Error {
  override readonly name = 'InstallError';

  /**
   * @param reason What went wrong, one sentence.
   * @param remedy What to do about it: one sentence or a command.
   */
  constructor(
    readonly reason: string,
    readonly remedy: string,
    options?: ErrorOptions,
  ) {
    super(`${reason} ${remedy}`, options);
  }
}
