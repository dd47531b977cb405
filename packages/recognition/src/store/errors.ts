/** Why a gallery cannot be opened, read or written. */
export type GalleryStoreErrorCode =
  /** A change refers to an identity that the gallery does not have. */
  | 'UNKNOWN_IDENTITY'
  /** A change refers to a template that the gallery does not have. */
  | 'UNKNOWN_TEMPLATE'
  /** A name is in use by another identity. */
  | 'NAME_TAKEN'
  /** A name, an embedding, metadata or a calibration cannot be stored. */
  | 'INVALID_RECORD'
  /** The gallery does not exist. */
  | 'NOT_FOUND'
  /** What was opened is not a gallery. */
  | 'NOT_A_GALLERY'
  /** The gallery has a version of the format that this version of the package does not read. */
  | 'UNSUPPORTED_VERSION'
  /** The gallery is made for another embedder or embedding size. */
  | 'WRONG_EMBEDDER'
  /** The stored bytes are not those that were written: truncated, overwritten, or changed on the disk. */
  | 'DAMAGED'
  /** Another process or store writes the gallery. */
  | 'LOCKED'
  /** The store, the file or its folder is read-only, or permission is denied. */
  | 'READ_ONLY'
  /** The disk or the user's quota on it is full. */
  | 'DISK_FULL'
  /** The store is closed, or an earlier failure left it unusable. */
  | 'CLOSED'
  /** A package or a database extension that the store requires is not installed. */
  | 'MISSING_DEPENDENCY'
  /** The disk or the database reports another failure, which is the error's `cause`. */
  | 'UNAVAILABLE';

/** A gallery cannot be opened, read or written; `code` says why. What was acknowledged before is unchanged. */
export class GalleryStoreError extends Error {
  override name = 'GalleryStoreError';

  constructor(
    readonly code: GalleryStoreErrorCode,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}
