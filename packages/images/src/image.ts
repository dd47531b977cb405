/** 8-bit RGB image: row-major, three bytes per pixel, without padding between rows. */
export interface RgbImage {
  readonly width: number;
  readonly height: number;
  /** width × height × 3 bytes: R, G, B per pixel, top row first. */
  readonly data: Uint8Array;
}

/** 8-bit image: row-major, without padding between rows, such as ImageData in a browser. */
export interface PixelImage {
  readonly width: number;
  readonly height: number;
  /** width × height × channels bytes. */
  readonly data: Uint8Array | Uint8ClampedArray;
  /** 1: gray, 2: gray and alpha, 3: RGB, 4: RGBA. Default: from the number of bytes. */
  readonly channels?: number;
}

/**
 * Converts an image to RGB.
 * @param alpha `white` composes transparent pixels onto white; `drop` ignores alpha, as PIL's convert('RGB').
 * @throws RangeError if the image's bytes do not match its sides.
 */
export function toRgb(image: PixelImage, alpha: 'white' | 'drop'): RgbImage {
  const { width, height, data } = image;
  const pixels = width * height;
  const areSides = [width, height].every((side) => Number.isInteger(side) && side > 0);
  const channels = image.channels ?? data.length / pixels;
  if (!areSides || ![1, 2, 3, 4].includes(channels) || data.length !== channels * pixels) {
    throw new RangeError(
      `An image of ${width} × ${height} must have ${3 * pixels} bytes (RGB) or ${4 * pixels} (RGBA), not ${data.length}; remove padding between rows.`,
    );
  }
  if (channels === 3)
    return { width, height, data: new Uint8Array(data.buffer, data.byteOffset, data.length) };
  const rgb = new Uint8Array(3 * pixels);
  const colors = channels > 2 ? 3 : 1;
  const hasAlpha = channels % 2 === 0;
  for (let i = 0, from = 0; i < rgb.length; i += 3, from += channels) {
    const opacity = hasAlpha && alpha === 'white' ? data[from + channels - 1] : 255;
    for (let c = 0; c < 3; c++) {
      const value = data[from + (colors === 3 ? c : 0)];
      // Truncated, as in libvips.
      rgb[i + c] = opacity === 255 ? value : Math.trunc((value * opacity + 255 * (255 - opacity)) / 255);
    }
  }
  return { width, height, data: rgb };
}
