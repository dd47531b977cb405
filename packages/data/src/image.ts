import type { RgbImage } from '@unitsphere/images';

/** A decoded image: 8-bit RGB, row-major, three bytes per pixel, no padding between rows. */
export type Image = RgbImage;

/**
 * Creates a black image.
 * @throws RangeError if a side is not a positive integer.
 */
export function blankImage(width: number, height: number): Image {
  if (!Number.isInteger(width) || !Number.isInteger(height) || width < 1 || height < 1) {
    throw new RangeError(`The sides of an image must be positive integers, not ${width} × ${height}.`);
  }
  return { width, height, data: new Uint8Array(width * height * 3) };
}

/**
 * Checks that an image's data has the length that its sides require.
 * @param caller Function name for error messages.
 * @throws RangeError if a side is not a positive integer or the length differs.
 */
export function checkImage(image: Image, caller: string): void {
  const { width, height, data } = image;
  if (!Number.isInteger(width) || !Number.isInteger(height) || width < 1 || height < 1) {
    throw new RangeError(
      `${caller}: the sides of an image must be positive integers, not ${width} × ${height}.`,
    );
  }
  if (data.length !== width * height * 3) {
    throw new RangeError(
      `${caller}: a ${width} × ${height} RGB image has ${width * height * 3} bytes, not ${data.length}; ` +
        'remove an alpha channel and row padding first.',
    );
  }
}
