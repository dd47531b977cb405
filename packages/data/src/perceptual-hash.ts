import type { Image } from './image.js';
import { luminance } from './luminance.js';

/** Side of the gray thumbnail that a hash is computed from. */
const SIDE = 32;
/** Side of the block of low frequencies that a hash describes. */
const FREQUENCIES = 8;

/** Returns the gray levels of an image averaged over a 32 × 32 grid: float32, row-major, 0 … 255. */
export function grayThumbnail({ width, height, data }: Image): Float32Array {
  const cells = new Float32Array(SIDE * SIDE);
  for (let row = 0; row < SIDE; row++) {
    const top = Math.floor((row * height) / SIDE);
    const bottom = Math.max(top + 1, Math.floor(((row + 1) * height) / SIDE));
    for (let column = 0; column < SIDE; column++) {
      const left = Math.floor((column * width) / SIDE);
      const right = Math.max(left + 1, Math.floor(((column + 1) * width) / SIDE));
      let sum = 0;
      for (let y = top; y < bottom; y++) {
        for (let p = 3 * (y * width + left), end = 3 * (y * width + right); p < end; p += 3) {
          sum += luminance(data, p);
        }
      }
      cells[row * SIDE + column] = sum / ((bottom - top) * (right - left));
    }
  }
  return cells;
}

/**
 * Computes the perceptual hash of an image, pHash: which of the 63 lowest frequencies of its gray levels lie above their
 * median. Images that differ by scale, compression or slight color changes have hashes that differ in a few bits.
 * @returns Two words of 32 bits; the last bit is 0.
 * @see Zauner, "Implementation and Benchmarking of Perceptual Image Hash Functions", 2010.
 */
export function perceptualHash(image: Image): Uint32Array {
  const cells = grayThumbnail(image);
  const rows = new Float64Array(FREQUENCIES * SIDE);
  for (let v = 0; v < FREQUENCIES; v++) {
    for (let x = 0; x < SIDE; x++) {
      let sum = 0;
      for (let y = 0; y < SIDE; y++) sum += COSINES[v * SIDE + y] * cells[y * SIDE + x];
      rows[v * SIDE + x] = sum;
    }
  }
  const frequencies: number[] = [];
  for (let v = 0; v < FREQUENCIES; v++) {
    for (let u = 0; u < FREQUENCIES; u++) {
      if (u === 0 && v === 0) continue;
      let sum = 0;
      for (let x = 0; x < SIDE; x++) sum += COSINES[u * SIDE + x] * rows[v * SIDE + x];
      // Rounded, so that the noise of a flat image is not a pattern.
      frequencies.push(Math.round(sum));
    }
  }
  const median = [...frequencies].sort((a, b) => a - b)[frequencies.length >> 1];
  const words = new Uint32Array(2);
  frequencies.forEach((frequency, bit) => {
    if (frequency > median) words[bit >> 5] |= 1 << (bit & 31);
  });
  return words;
}

/** Cosines of the DCT-II: frequency × position. */
const COSINES = Float64Array.from({ length: FREQUENCIES * SIDE }, (_, i) =>
  Math.cos((Math.PI / SIDE) * ((i % SIDE) + 0.5) * Math.floor(i / SIDE)),
);

/** Returns the number of ones among 32 bits. */
export function countBits(word: number): number {
  let bits = word - ((word >>> 1) & 0x55555555);
  bits = (bits & 0x33333333) + ((bits >>> 2) & 0x33333333);
  return Math.imul((bits + (bits >>> 4)) & 0x0f0f0f0f, 0x01010101) >>> 24;
}
