import type { PixelImage } from '@unitsphere/images';

/** Draws a picture with edges and texture, which a filter changes: stripes, a disc and noise. */
export function drawPicture(width: number, height: number, seed = 1): PixelImage {
  const data = new Uint8Array(width * height * 3);
  let state = seed;
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
      const isDisc = (x - width / 2) ** 2 + (y - height / 3) ** 2 < (width / 4) ** 2;
      const stripe = (x + 2 * y) % 23 < 11 ? 200 : 60;
      const at = 3 * (y * width + x);
      data[at] = isDisc ? 230 : stripe;
      data[at + 1] = Math.round((255 * x) / width);
      data[at + 2] = (state >>> 26) + Math.round((150 * y) / height);
    }
  }
  return { width, height, data };
}
