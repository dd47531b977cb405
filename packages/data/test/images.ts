import { Random } from '@unitsphere/core/random';
import type { Image } from '../src/image.js';

/** Creates an image of independent random bytes. */
export function noiseImage(width: number, height: number, seed = 0): Image {
  const random = new Random(seed, 'noise');
  const data = new Uint8Array(width * height * 3);
  for (let i = 0; i < data.length; i++) data[i] = random.int(256);
  return { width, height, data };
}

/** Creates an image of smooth color with an edge and a disk, without any symmetry. */
export function pictureImage(width: number, height: number): Image {
  const data = new Uint8Array(width * height * 3);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const p = (y * width + x) * 3;
      const disk = (x - width * 0.3) ** 2 + (y - height * 0.6) ** 2 < (width * 0.2) ** 2;
      data[p] = disk ? 200 : 40 + (120 * x) / width;
      data[p + 1] = x > width * 0.75 ? 220 : 60 + (100 * y) / height;
      data[p + 2] = disk ? 30 : 90 + 60 * Math.sin((6 * (x + 2 * y)) / width);
    }
  }
  return { width, height, data };
}

export function meanAbsoluteDifference(a: Image, b: Image): number {
  let sum = 0;
  for (let i = 0; i < a.data.length; i++) sum += Math.abs(a.data[i] - b.data[i]);
  return sum / a.data.length;
}

export function maxDifference(a: Image, b: Image): number {
  let max = 0;
  for (let i = 0; i < a.data.length; i++) max = Math.max(max, Math.abs(a.data[i] - b.data[i]));
  return max;
}
