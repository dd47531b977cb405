import type { PixelImage } from '../image.js';
import type { Preprocessing } from './preprocessing.js';
import { resizeAndCrop } from './resize-and-crop.js';

/**
 * Computes a network's input: resizes and crops images, orders the channels, and computes (pixel / 255 − mean) / std, in float64
 * rounded to float32.
 * @param images RGB or RGBA of any size; alpha is dropped.
 * @returns images × imageSize × imageSize × 3 values, row-major (NHWC).
 * @throws RangeError if an image's bytes do not match its sides.
 */
export function inputValues(images: readonly PixelImage[], preprocessing: Preprocessing): Float32Array {
  const { imageSize, channelOrder, mean, std } = preprocessing;
  const size = imageSize * imageSize * 3;
  const values = new Float32Array(images.length * size);
  // For each channel of the input: its channel in the image, and a table of the values of the 256 levels.
  const source = channelOrder === 'RGB' ? [0, 1, 2] : [2, 1, 0];
  const levels = [0, 1, 2].map((c) =>
    Float32Array.from({ length: 256 }, (_, level) => (level / 255 - mean[c]) / std[c]),
  );
  images.forEach((image, n) => {
    const { data } = resizeAndCrop(image, preprocessing);
    for (let c = 0; c < 3; c++) {
      const table = levels[c];
      const from = source[c];
      for (let i = 0; i < size; i += 3) values[n * size + i + c] = table[data[i + from]];
    }
  });
  return values;
}
