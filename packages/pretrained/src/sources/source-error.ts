/** Weights that cannot be had: no such file, address or model, no network, or a damaged download. */
export class SourceError extends Error {
  override name = 'SourceError';
}
