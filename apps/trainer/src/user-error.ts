/** A mistake in what was asked, not in the program: printed as its message and hint, without a stack; exit code 2. */
export class UserError extends Error {
  override readonly name = 'UserError';
  /** What to do about it. */
  readonly hint?: string;

  constructor(message: string, options: { hint?: string; cause?: unknown } = {}) {
    super(message, { cause: options.cause });
    this.hint = options.hint;
  }
}
