import type { Random } from '@unitsphere/core/random';
import { blankImage, type Image } from '../image.js';
import { pad } from './pad.js';

/**
 * Averages the pixels along a straight line in a square kernel; edges are mirrored.
 * @param kernelSize Odd side of the kernel in pixels.
 * @param line End points [x0, y0, x1, y1] in kernel pixels, 0 … kernelSize − 1. A line off the center shifts the image.
 */
export function motionBlur(
  image: Image,
  kernelSize: number,
  line: readonly [number, number, number, number],
): Image {
  const [x0, y0, x1, y1] = line;
  const radius = (kernelSize - 1) >> 1;
  const padded = pad(image, radius, 'reflect');
  const stride = padded.width * 3;
  const steps = Math.max(Math.abs(x1 - x0), Math.abs(y1 - y0));
  const offsets = new Int32Array(steps + 1);
  for (let i = 0; i <= steps; i++) {
    const t = steps === 0 ? 0 : i / steps;
    offsets[i] = Math.round(y0 + (y1 - y0) * t) * stride + Math.round(x0 + (x1 - x0) * t) * 3;
  }
  const { width, height } = image;
  const output = blankImage(width, height);
  const rowBytes = width * 3;
  const scale = 1 / offsets.length;
  for (let y = 0; y < height; y++) {
    for (let i = 0; i < rowBytes; i++) {
      const p = y * stride + i;
      let sum = 0;
      for (let k = 0; k < offsets.length; k++) sum += padded.data[p + offsets[k]];
      output.data[y * rowBytes + i] = sum * scale + 0.5;
    }
  }
  return output;
}

/** Applies albumentations 1's MotionBlur: kernel size 3, 5 or 7, a line between two distinct points of the kernel. */
export function randomMotionBlur(image: Image, random: Random): Image {
  const size = random.pick([3, 5, 7]);
  const first = random.int(size * size);
  const second = (first + 1 + random.int(size * size - 1)) % (size * size);
  const row = (point: number) => Math.floor(point / size);
  return motionBlur(image, size, [first % size, row(first), second % size, row(second)]);
}
