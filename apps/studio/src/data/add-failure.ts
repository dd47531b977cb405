/** Files that cannot be added, for the visitor. */
export class AddFailure extends Error {
  override name = 'AddFailure';

  constructor(
    message: string,
    readonly hint: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}
