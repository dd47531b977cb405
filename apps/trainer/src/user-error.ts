/** A problem that the user can fix. The command line prints its message and hint without a stack, and exits with code 2. */
export class UserError extends Error {
  override readonly name = 'UserError';
  /** Stable name of the error, for programs. */
  readonly code: string = 'USER_ERROR';
  /** How to fix it. */
  readonly hint?: string;

  constructor(message: string, options: { hint?: string; cause?: unknown } = {}) {
    super(message, { cause: options.cause });
    this.hint = options.hint;
  }
}
