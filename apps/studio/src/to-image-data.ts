import type { Image } from '@unitsphere/data';

/** Converts RGB pixels to what a canvas draws. */
export function toImageData({ width, height, data }: Image): ImageData {
  const pixels = new ImageData(width, height);
  for (let from = 0, to = 0; from < data.length; from += 3, to += 4) {
    pixels.data[to] = data[from];
    pixels.data[to + 1] = data[from + 1];
    pixels.data[to + 2] = data[from + 2];
    pixels.data[to + 3] = 255;
  }
  return pixels;
}
