/** A network that cannot be compiled; it can still run by its own `forward`. */
export class UnsupportedNetworkError extends Error {
  override readonly name = 'UnsupportedNetworkError';
}
