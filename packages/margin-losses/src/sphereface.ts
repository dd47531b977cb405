import * as tf from '@tensorflow/tfjs-core';
import { scaledAngle } from './angular-margin.js';
import type { MarginLossOptions } from './margin-loss.js';
import { type MarginCurve, MarginSoftmax } from './margin-softmax.js';

/** How a SphereFace is made. */
export interface SphereFaceOptions extends MarginLossOptions {
  /** What the label's angle is multiplied by, at least 1. Default 1.7. */
  margin?: number;
  /**
   * What follows where margin · angle passes π. `sphereface` (default): (−1)^k · cos(margin · angle) − 2k with
   * k = ⌊margin · angle / π⌋, which falls on to the end. `sphereface-r`: −1 from there on, as cos(min(margin · angle, π)).
   */
  form?: 'sphereface' | 'sphereface-r';
}

/**
 * SphereFace on embeddings of unit length: the label's logit is scale · ψ(angle) with ψ = cos(margin · angle), continued
 * monotonically by `form`; the others' scale · cosine. Default scale 30.
 *
 * `gradient: 'pass-through'` is the characteristic gradient detachment of SphereFace-R, with which the authors train both
 * forms today (opensphere); the exact gradient is that of the 2017 paper, and 0 in `sphereface-r` past π / margin. It is
 * kept finite at cosines of exactly ±1 as in ArcFace. opensphere takes the angle of a cosine within ±(1 − 1e-5); here the
 * ends are exact.
 * @see Liu et al., "SphereFace: Deep Hypersphere Embedding for Face Recognition", CVPR 2017, equation 7; Liu et al.,
 *   "SphereFace Revived: Unifying Hyperspherical Face Recognition", TPAMI 2022 (v0 and v1 of its magnifying functions).
 */
export class SphereFace extends MarginSoftmax {
  protected readonly title = 'SphereFace';
  readonly #form: 'sphereface' | 'sphereface-r';
  #margin: number;

  /** @throws RangeError where an option is out of range. */
  constructor({ margin = 1.7, form = 'sphereface', scale = 30, ...options }: SphereFaceOptions = {}) {
    super({ scale, ...options });
    if (form !== 'sphereface' && form !== 'sphereface-r') {
      throw new RangeError(`SphereFace: form must be 'sphereface' or 'sphereface-r', but it is '${form}'.`);
    }
    this.#form = form;
    this.#margin = checkMargin(margin);
  }

  /** What the label's angle is multiplied by. May be set between steps, at least 1. */
  get margin(): number {
    return this.#margin;
  }

  set margin(value: number) {
    this.#margin = checkMargin(value);
  }

  protected curve(): MarginCurve {
    const { of: angle, slope } = scaledAngle(this.#margin);
    // At cosines of exactly ±1 the slope is that of the float32 beside them, which is finite.
    const slopeInside = (c: tf.Tensor1D) => slope(tf.clipByValue(c, 2 ** -24 - 1, 1 - 2 ** -24));
    if (this.#form === 'sphereface-r') {
      const capped = (c: tf.Tensor1D) => tf.greaterEqual(angle(c), Math.PI);
      return {
        value: (c) => tf.where(capped(c), -1, tf.cos(angle(c))) as tf.Tensor1D,
        slope: (c) => tf.where(capped(c), 0, slopeInside(c)) as tf.Tensor1D,
      };
    }
    // Of an angle of π the piece before: margins that are integers end there.
    const last = Math.ceil(this.#margin) - 1;
    const piece = (c: tf.Tensor1D) => tf.minimum(tf.floor(tf.div(angle(c), Math.PI)), last);
    const sign = (k: tf.Tensor) => tf.sub(1, tf.mul(2, tf.mod(k, 2)));
    return {
      value: (c) => {
        const k = piece(c);
        return tf.sub(tf.mul(sign(k), tf.cos(angle(c))), tf.mul(2, k));
      },
      slope: (c) => tf.mul(sign(piece(c)), slopeInside(c)),
    };
  }
}

function checkMargin(margin: number): number {
  if (!(Number.isFinite(margin) && margin >= 1)) {
    throw new RangeError(`SphereFace: margin must be a finite number of at least 1, but it is ${margin}.`);
  }
  return margin;
}
