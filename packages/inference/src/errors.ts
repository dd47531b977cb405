/** A network that cannot be compiled; it can still run by its own `forward`. */
export class UnsupportedNetworkError extends Error {
  override readonly name = 'UnsupportedNetworkError';
  /** Stable name of the error, for programs. */
  readonly code = 'NETWORK_UNSUPPORTED';
}
