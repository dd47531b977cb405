/** A row of embeddings, or a class center, holds something that is no finite number. Nothing was changed. */
export class NotFiniteError extends Error {
  override name = 'NotFiniteError';
}

/** Class centers that cannot be opened, read or written. */
export class CenterStoreError extends Error {
  override name = 'CenterStoreError';
}
