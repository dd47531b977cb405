import type { Random } from '@unitsphere/core/random';
import type { Affine } from '../warp.js';

/** Limits of the three uniform draws, each symmetric about no change. */
export interface ShiftScaleRotateLimits {
  /** Greatest shift as a fraction of the side. */
  readonly shift: number;
  /** Greatest deviation of the scale factor from 1. */
  readonly scale: number;
  /** Greatest angle in degrees. */
  readonly rotate: number;
}

/**
 * Draws a rotation about the center, a scale and a shift, each uniformly.
 *
 * Follows albumentations' ShiftScaleRotate with DocClassifier's limits (0.1, 0.1, 15°) instead of albumentations'
 * (0.0625, 0.1, 45°).
 * @returns The map from the output's unit square to the input's.
 */
export function shiftScaleRotate(
  random: Random,
  limits: ShiftScaleRotateLimits = { shift: 0.1, scale: 0.1, rotate: 15 },
): Affine {
  const angle = (random.uniform(-limits.rotate, limits.rotate) * Math.PI) / 180;
  const scale = 1 + random.uniform(-limits.scale, limits.scale);
  const centerU = 0.5 + random.uniform(-limits.shift, limits.shift);
  const centerV = 0.5 + random.uniform(-limits.shift, limits.shift);
  const cos = Math.cos(angle) / scale;
  const sin = Math.sin(angle) / scale;
  return [cos, -sin, 0.5 - cos * centerU + sin * centerV, sin, cos, 0.5 - sin * centerU - cos * centerV];
}
