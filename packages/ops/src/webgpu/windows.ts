/** WGSL that convolutions and pooling share: indices of pixels, and the windows that cover a pixel. */

/**
 * Returns WGSL that splits `place`, the index of a pixel of a batch of maps, into `column`, `row` and image `n`.
 * @param height WGSL of the maps' height.
 * @param width WGSL of the maps' width.
 */
export function splitPlace(height: string, width: string): string {
  return `let line = divide(place, ${width});
    let column = place - line * ${width};
    let n = divide(line, ${height});
    let row = line - n * ${height};`;
}

/** Returns WGSL that splits `id`, the index of a channel vector of a batch of maps, into channels `c`, `column`, `row` and `n`. */
export function splitId(height: string, width: string): string {
  return `let place = divide(id, u.channels);
    let c = id - place * u.channels;
    ${splitPlace(height, width)}`;
}

/**
 * Returns WGSL that runs `body` for each window that covers the pixel (`y`, `x`) of the padded image: for the result (`oy`,
 * `ox`), at the window's tap (`ky`, `kx`). Only every `stride`-th tap of a row belongs to a result.
 */
export function forEachWindow(
  {
    kernelHeight,
    kernelWidth,
    stride,
  }: { [name in 'kernelHeight' | 'kernelWidth' | 'stride']: number | string },
  body: string,
): string {
  return `for (var ky = y % ${stride}; ky < ${kernelHeight}; ky += ${stride}) {
      let oy = (y - ky) / ${stride};
      if (y >= ky && oy < u.outHeight) {
        for (var kx = x % ${stride}; kx < ${kernelWidth}; kx += ${stride}) {
          let ox = (x - kx) / ${stride};
          if (x >= kx && ox < u.outWidth) {
            ${body}
          }
        }
      }
    }`;
}
