import * as tf from '@tensorflow/tfjs-core';
import type { MarginCurve } from './margin-softmax.js';

/**
 * Minimum divisor of the derivative: 2^−11.5, the sine for the cosine 1 − 2^−24, the float32 nearest to 1. It therefore
 * changes the derivative only at cosines of exactly ±1, where it has no limit, and keeps it finite there.
 */
export const SMALLEST_SINE = 2 ** -11.5;

/** Computes the sine of the angle. (1 − c)(1 + c) keeps the digits that 1 − c² loses near ±1. */
export function sine(cosine: tf.Tensor1D): tf.Tensor1D {
  return tf.sqrt(tf.mul(tf.sub(1, cosine), tf.add(1, cosine))) as tf.Tensor1D;
}

/** Creates cos(angle + margin) − offset. The addition theorem avoids an inverse cosine. */
export function additiveAngularMargin(margin: number, offset = 0): MarginCurve {
  const [cos, sin] = [Math.cos(margin), Math.sin(margin)];
  return {
    value: (c) => tf.sub(tf.sub(tf.mul(c, cos), tf.mul(sine(c), sin)), offset),
    slope: (c) => {
      const s = sine(c);
      return tf.div(tf.add(tf.mul(s, cos), tf.mul(c, sin)), tf.maximum(s, SMALLEST_SINE));
    },
  };
}

/** Creates cos(angle + margin) for angles up to π − margin, and cosine − margin · sin(margin) beyond. */
export function monotonicAngularMargin(margin: number): MarginCurve {
  return piecewiseMargin(-Math.cos(margin), additiveAngularMargin(margin), {
    value: (c) => tf.sub(c, margin * Math.sin(margin)),
  });
}

/** Creates the functions factor · angle + offset of a cosine, and d cos(factor · angle + offset) / d cosine. */
export function scaledAngle(factor: number, offset = 0) {
  // atan2 keeps the digits that acos loses near ±1.
  const angle = (c: tf.Tensor1D) => tf.add(tf.mul(tf.atan2(sine(c), c), factor), offset) as tf.Tensor1D;
  return {
    of: angle,
    slope: (c: tf.Tensor1D) =>
      tf.mul(tf.div(tf.sin(angle(c)), tf.maximum(sine(c), SMALLEST_SINE)), factor) as tf.Tensor1D,
  };
}

/** Creates cos(m1 · angle + m2) − m3 (ArcFace, equation 4). */
export function combinedAngularMargin(m1: number, m2: number, m3: number): MarginCurve {
  const angle = scaledAngle(m1, m2);
  return {
    value: (c) => tf.sub(tf.cos(angle.of(c)), m3) as tf.Tensor1D,
    slope: angle.slope,
  };
}

/** Joins two curves: one for cosines above a threshold, the other for the rest. */
export function piecewiseMargin(threshold: number, above: MarginCurve, elsewhere: MarginCurve): MarginCurve {
  return {
    value: (c) => tf.where(tf.greater(c, threshold), above.value(c), elsewhere.value(c)),
    slope: (c) => tf.where(tf.greater(c, threshold), slopeOf(above, c), slopeOf(elsewhere, c)),
  };
}

function slopeOf(curve: MarginCurve, c: tf.Tensor1D): tf.Tensor1D {
  return curve.slope ? curve.slope(c) : tf.onesLike(c);
}
