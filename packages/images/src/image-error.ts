/** Reason of an {@link ImageError}. */
export type ImageErrorCode = 'IMAGE_UNREADABLE' | 'IMAGE_UNSUPPORTED' | 'SHARP_MISSING';

/**
 * Thrown for an image that cannot be read (`IMAGE_UNREADABLE`), an input that is no image here (`IMAGE_UNSUPPORTED`), and a missing
 * decoder (`SHARP_MISSING`).
 */
export class ImageError extends Error {
  override name = 'ImageError';

  constructor(
    readonly code: ImageErrorCode,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}
