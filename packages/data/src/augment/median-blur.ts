import type { Random } from '@unitsphere/core/random';
import { blankImage, type Image } from '../image.js';
import { pad } from './pad.js';

/**
 * Takes the median of each channel over a square; edge pixels are repeated outside (OpenCV's medianBlur).
 * A histogram slides along each row (Huang, Yang & Tang, 1979), so the cost is linear in the side of the square.
 * @param kernelSize Odd side of the square in pixels.
 */
export function medianBlur(image: Image, kernelSize: number): Image {
  const radius = (kernelSize - 1) >> 1;
  const { width, height } = image;
  const padded = pad(image, radius, 'replicate');
  const stride = padded.width * 3;
  const from = padded.data;
  const output = blankImage(width, height);
  const histogram = new Uint16Array(256);
  const half = (kernelSize * kernelSize) >> 1;
  const span = kernelSize * 3;
  for (let channel = 0; channel < 3; channel++) {
    for (let y = 0; y < height; y++) {
      const corner = y * stride + channel;
      const below = corner + kernelSize * stride;
      histogram.fill(0);
      for (let row = corner; row < below; row += stride) {
        for (let p = row; p < row + span; p += 3) histogram[from[p]]++;
      }
      // `less` counts the pixels darker than `median`.
      let median = 0;
      let less = 0;
      for (let x = 0, at = y * width * 3 + channel; x < width; x++, at += 3) {
        while (less > half) less -= histogram[--median];
        while (less + histogram[median] <= half) less += histogram[median++];
        output.data[at] = median;
        if (x === width - 1) break;
        for (let p = corner + x * 3; p < below; p += stride) {
          const old = from[p];
          const fresh = from[p + span];
          histogram[old]--;
          histogram[fresh]++;
          if (old < median) less--;
          if (fresh < median) less++;
        }
      }
    }
  }
  return output;
}

/** Applies albumentations' MedianBlur: kernel size 3, 5 or 7. */
export function randomMedianBlur(image: Image, random: Random): Image {
  return medianBlur(image, random.pick([3, 5, 7]));
}
