/** A decoded picture: 8-bit RGB, row-major, three bytes a pixel, no padding between rows. */
export interface Image {
  readonly width: number;
  readonly height: number;
  /** width × height × 3 bytes, R then G then B of each pixel, top row first. */
  readonly data: Uint8Array;
}

/**
 * A black image of the given size.
 * @throws RangeError if a side is not a positive integer.
 */
export function blankImage(width: number, height: number): Image {
  if (!Number.isInteger(width) || !Number.isInteger(height) || width < 1 || height < 1) {
    throw new RangeError(`An image's sides must be positive integers, not ${width} × ${height}.`);
  }
  return { width, height, data: new Uint8Array(width * height * 3) };
}

/**
 * Checks that the bytes fit the sides.
 * @throws RangeError naming the sides, the bytes expected and the bytes given.
 */
export function checkImage(image: Image, caller: string): void {
  const { width, height, data } = image;
  if (!Number.isInteger(width) || !Number.isInteger(height) || width < 1 || height < 1) {
    throw new RangeError(`${caller}: an image's sides must be positive integers, not ${width} × ${height}.`);
  }
  if (data.length !== width * height * 3) {
    throw new RangeError(
      `${caller}: a ${width} × ${height} RGB image has ${width * height * 3} bytes, not ${data.length}; ` +
        'remove an alpha channel and row padding first.',
    );
  }
}
