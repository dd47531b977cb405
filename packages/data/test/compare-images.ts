import type { Image } from '../src/image.js';

/** Returns the mean absolute difference of two square images averaged to 20 × 20. */
export function distance(a: Image, b: Image): number {
  const shrink = ({ width, data }: Image) => {
    const box = width / 20;
    const means = new Float64Array(1200);
    for (let y = 0; y < width; y++) {
      for (let x = 0; x < width; x++) {
        const cell = (Math.floor(y / box) * 20 + Math.floor(x / box)) * 3;
        for (let c = 0; c < 3; c++) means[cell + c] += data[(y * width + x) * 3 + c] / (box * box);
      }
    }
    return means;
  };
  const [p, q] = [shrink(a), shrink(b)];
  return p.reduce((sum, value, i) => sum + Math.abs(value - q[i]), 0) / p.length;
}

/** Returns whether two images are equal. Asserting on the arrays themselves takes seconds. */
export const same = (a: Image, b: Image) => a.width === b.width && Buffer.compare(a.data, b.data) === 0;

export const median = (values: number[]) => values.sort((a, b) => a - b)[values.length >> 1];
