/** 8-bit RGB image: row-major, three bytes per pixel, without padding between rows. */
export interface RgbImage {
  readonly width: number;
  readonly height: number;
  /** width × height × 3 bytes: R, G, B per pixel, top row first. */
  readonly data: Uint8Array;
}

/** 8-bit image: row-major, RGB or RGBA, without padding between rows, such as ImageData in a browser. */
export interface PixelImage {
  readonly width: number;
  readonly height: number;
  /** width × height × 3 bytes, or × 4. */
  readonly data: Uint8Array | Uint8ClampedArray;
}
