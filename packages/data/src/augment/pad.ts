import type { Image } from '../image.js';
import { reflect } from '../warp.js';

/** Returns a copy with `margin` more pixels on each side, mirrored about the edge pixel or repeating it. */
export function pad(image: Image, margin: number, border: 'reflect' | 'replicate'): Image {
  const { width, height, data } = image;
  const outWidth = width + 2 * margin;
  const outHeight = height + 2 * margin;
  const output = new Uint8Array(outWidth * outHeight * 3);
  const wrap = border === 'reflect' ? reflect : (i: number, n: number) => Math.min(Math.max(i, 0), n - 1);
  for (let y = 0; y < outHeight; y++) {
    const from = wrap(y - margin, height) * width * 3;
    const to = y * outWidth * 3;
    output.set(data.subarray(from, from + width * 3), to + margin * 3);
    for (let i = 0; i < margin; i++) {
      const left = from + wrap(i - margin, width) * 3;
      const right = from + wrap(width + i, width) * 3;
      const toLeft = to + i * 3;
      const toRight = to + (margin + width + i) * 3;
      for (let c = 0; c < 3; c++) {
        output[toLeft + c] = data[left + c];
        output[toRight + c] = data[right + c];
      }
    }
  }
  return { width: outWidth, height: outHeight, data: output };
}
