import type { Random } from '@unitsphere/core/random';
import type { Affine } from '../warp.js';

/**
 * Draws a crop of 0.8 … 1.0 of the area with an aspect ratio of 3:4 … 4:3, to be resized to the full square.
 *
 * Follows albumentations' RandomResizedCrop (ratio (3/4, 4/3), ten attempts) with DocClassifier's scale (0.8, 1.0).
 * @returns The map from the output's unit square to the input's.
 */
export function randomResizedCrop(random: Random, scale: readonly [number, number] = [0.8, 1]): Affine {
  const logRatio = Math.log(4 / 3);
  for (let attempt = 0; attempt < 10; attempt++) {
    const area = random.uniform(scale[0], scale[1]);
    const ratio = Math.exp(random.uniform(-logRatio, logRatio));
    const width = Math.sqrt(area * ratio);
    const height = Math.sqrt(area / ratio);
    if (width <= 1 && height <= 1) {
      return [width, 0, random.uniform(0, 1 - width), 0, height, random.uniform(0, 1 - height)];
    }
  }
  return [1, 0, 0, 0, 1, 0];
}
