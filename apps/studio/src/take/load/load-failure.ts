/** A file that cannot be loaded back, for the visitor. */
export class LoadFailure extends Error {
  override name = 'LoadFailure';

  constructor(
    message: string,
    readonly hint: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}
