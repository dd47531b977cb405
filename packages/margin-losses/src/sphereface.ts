import * as tf from '@tensorflow/tfjs-core';
import { scaledAngle } from './angular-margin.js';
import type { MarginLossOptions } from './margin-loss.js';
import type { MarginLossEntry } from './margin-loss-entry.js';
import { type MarginCurve, MarginSoftmax } from './margin-softmax.js';

/** Options of `SphereFace`. */
export interface SphereFaceOptions extends MarginLossOptions {
  /** Factor of the label's angle, at least 1. Default 1.7. */
  margin?: number;
  /**
   * Continuation of the curve where margin · angle exceeds π. `sphereface` (default): (−1)^k · cos(margin · angle) − 2k
   * with k = ⌊margin · angle / π⌋, which keeps falling. `sphereface-r`: −1, that is cos(min(margin · angle, π)).
   */
  form?: 'sphereface' | 'sphereface-r';
}

/**
 * SphereFace on unit-length embeddings: the label's logit is scale · ψ(angle) with ψ = cos(margin · angle), continued
 * monotonically by `form`; the others' is scale · cosine. Default scale 30.
 *
 * `gradient: 'pass-through'` is SphereFace-R's characteristic gradient detachment, with which the authors now train both
 * forms (opensphere). The exact gradient is that of the 2017 paper; with `sphereface-r` it is 0 for angles beyond
 * π / margin. It is finite at cosines of exactly ±1, as in ArcFace. opensphere clamps the cosine to ±(1 − 1e-5) before it
 * takes the angle; this implementation is exact there.
 * @see Liu et al., "SphereFace: Deep Hypersphere Embedding for Face Recognition", CVPR 2017, equation 7; Liu et al.,
 *   "SphereFace Revived: Unifying Hyperspherical Face Recognition", TPAMI 2022 (v0 and v1 of its magnifying functions).
 */
export class SphereFace extends MarginSoftmax {
  protected readonly title = 'SphereFace';
  readonly #form: 'sphereface' | 'sphereface-r';
  #margin: number;

  /** @throws RangeError if an option is out of range. */
  constructor({ margin = 1.7, form = 'sphereface', scale = 30, ...options }: SphereFaceOptions = {}) {
    super({ scale, ...options });
    if (form !== 'sphereface' && form !== 'sphereface-r') {
      throw new RangeError(`SphereFace: form must be 'sphereface' or 'sphereface-r', but it is '${form}'.`);
    }
    this.#form = form;
    this.#margin = checkMargin(margin);
  }

  /** Factor of the label's angle, at least 1. Can be changed between steps. */
  get margin(): number {
    return this.#margin;
  }

  set margin(value: number) {
    this.#margin = checkMargin(value);
  }

  protected curve(): MarginCurve {
    const { of: angle, slope } = scaledAngle(this.#margin);
    // At cosines of exactly ±1, use the slope of the adjacent float32, which is finite.
    const slopeInside = (c: tf.Tensor1D) => slope(tf.clipByValue(c, 2 ** -24 - 1, 1 - 2 ** -24));
    if (this.#form === 'sphereface-r') {
      const capped = (c: tf.Tensor1D) => tf.greaterEqual(angle(c), Math.PI);
      return {
        value: (c) => tf.where(capped(c), -1, tf.cos(angle(c))) as tf.Tensor1D,
        slope: (c) => tf.where(capped(c), 0, slopeInside(c)) as tf.Tensor1D,
      };
    }
    // An angle of π belongs to the last piece: for an integer margin, margin · π / π would start another one.
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

/** The registry's entry. */
export const sphereface = {
  create: (options) => new SphereFace(options),
  description: 'cos(margin · angle), continued monotonically',
  settings: {
    margin: {
      type: 'number',
      default: 1.7,
      minimum: 1,
      description: "Factor of the label's angle.",
    },
    form: {
      type: 'string',
      enum: ['sphereface', 'sphereface-r'],
      default: 'sphereface',
      description:
        'Continuation of the curve where margin · angle exceeds π: it keeps falling (sphereface), or stays at −1 (sphereface-r).',
    },
  },
} satisfies MarginLossEntry<SphereFaceOptions, SphereFace>;

function checkMargin(margin: number): number {
  if (!(Number.isFinite(margin) && margin >= 1)) {
    throw new RangeError(`SphereFace: margin must be a finite number of at least 1, but it is ${margin}.`);
  }
  return margin;
}
