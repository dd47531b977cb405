/** A plain JPEG file that is being decoded. */
export type JpegDecoding = readonly [width: number, height: number, pixels: Promise<Uint8Array | undefined>];

/** Functions on images of the addon. All images are RGB, row-major, one byte a value. */
export interface ImageFunctions {
  /**
   * Decodes a plain JPEG file on Node's thread pool: baseline or progressive, 8 bits, gray or of 3 components, without a color
   * profile, upright by EXIF. The pixels are those of sharp 0.35 (libvips 8.17 and 8.18, mozjpeg). `bytes` must not change until
   * the promise resolves. The promise is of undefined if the file has errors.
   * @param side With a side that fits into the image, the result is side × side, as by sharp's
   *   `resize(side, side, { fit: 'fill', kernel: 'linear' })`. Otherwise, and with 0, it has the image's size.
   * @param target Memory for the pixels, which is used if it has their length. It must not be used until the promise resolves.
   * @returns Undefined if the file is not plain.
   */
  decodeJpeg(bytes: Uint8Array, side: number, target?: Uint8Array): JpegDecoding | undefined;
  /** Writes the sums of R, G and B over all pixels to `sums`. */
  sumChannels(data: Uint8Array, sums: Float64Array): void;
  /** Maps every byte through a table of 256, in place. */
  mapLevels(data: Uint8Array, table: Uint8Array): void;
  /** Scales every pixel's distance from its own gray, in place. */
  adjustSaturation(data: Uint8Array, factor: number): void;
  /** Rotates every pixel's hue (HSV), in place, by a number of sixths of a full turn in 0 … 6. */
  adjustHue(data: Uint8Array, sixths: number): void;
  /**
   * Convolves with a symmetric kernel along both axes, in place; edges are mirrored.
   * @param weights Weights of the center and of its 1, 2 or 3 neighbors on each side. The whole kernel adds up to 256.
   */
  blur(data: Uint8Array, width: number, weights: Uint16Array): void;
  /**
   * Adds to every byte a value of a table of 4,096, times `deviation` and rounded to 1/64: two draws from each number of a stream.
   * @param state The four words of xoshiro128**, which are advanced.
   */
  addNormal(data: Uint8Array, state: Uint32Array, quantiles: Float32Array, deviation: number): void;
  /**
   * Interpolates along two axes. An axis has the byte offsets of the two neighbors of each output pixel, and the weight of the
   * second in 0 … 2048. The offsets of a column and a row add up to a pixel of `from`.
   */
  warp(
    from: Uint8Array,
    to: Uint8Array,
    ...columnsAndRows: [Int32Array, Int32Array, Int32Array, Int32Array, Int32Array, Int32Array]
  ): void;
  /**
   * Filters along the width, then along the height, with weights of 22 fraction bits; each pass rounds to bytes. An axis has the
   * first source pixel of each output pixel, the number of source pixels, and the same number of weights for each.
   */
  resample(
    from: Uint8Array,
    width: number,
    to: Uint8Array,
    ...columnsAndRows: [Int32Array, Int32Array, Int32Array, Int32Array, Int32Array, Int32Array]
  ): void;
}
