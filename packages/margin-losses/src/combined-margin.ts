import * as tf from '@tensorflow/tfjs-core';
import { additiveAngularMargin, combinedAngularMargin } from './angular-margin.js';
import { checkNumber, checkPositive } from './check.js';
import type { MarginLossOptions } from './margin-loss.js';
import { type MarginCurve, MarginSoftmax } from './margin-softmax.js';

/** How a CombinedMargin is made. */
export interface CombinedMarginOptions extends MarginLossOptions {
  /** What the label's angle is multiplied by (SphereFace's margin), above 0. Default 1. */
  m1?: number;
  /** What is added to the label's angle (ArcFace's margin), in radians, in [0, π). Default 0. */
  m2?: number;
  /** What is taken from the label's cosine (CosFace's margin), in [0, 2). Default 0. */
  m3?: number;
  /**
   * `paper` (default): cos(m1 · angle + m2) − m3. `insightface`: what insightface's CombinedMarginLoss computes:
   * ArcFace of m2 when m1 is 1 and m3 is 0; CosFace of m3, ignoring m1 and m2, when m3 is above 0; else it refuses.
   */
  form?: 'paper' | 'insightface';
}

/**
 * The three margins in one: the label's logit is scale · (cos(m1 · angle + m2) − m3), the others' scale · cosine.
 *
 * (1, m2, 0) is ArcFace and (1, 0, m3) is CosFace in both forms. Nothing is patched where m1 · angle + m2 passes π: the
 * cosine turns up again there, as in insightface. The derivative is kept finite at cosines of exactly ±1 as in ArcFace.
 * @see Deng et al., "ArcFace: Additive Angular Margin Loss for Deep Face Recognition", CVPR 2019, equation 4.
 */
export class CombinedMargin extends MarginSoftmax {
  protected readonly title = 'CombinedMargin';
  readonly #form: 'paper' | 'insightface';
  #m1: number;
  #m2: number;
  #m3: number;

  /** @throws RangeError where an option is out of range; Error for margins that form 'insightface' refuses. */
  constructor({ m1 = 1, m2 = 0, m3 = 0, form = 'paper', ...options }: CombinedMarginOptions = {}) {
    super(options);
    if (form !== 'paper' && form !== 'insightface') {
      throw new RangeError(`CombinedMargin: form must be 'paper' or 'insightface', but it is '${form}'.`);
    }
    this.#form = form;
    this.#m1 = checkM1(m1);
    this.#m2 = checkM2(m2);
    this.#m3 = checkM3(m3);
    this.curve();
  }

  /** What the label's angle is multiplied by. May be set between steps, above 0. */
  get m1(): number {
    return this.#m1;
  }

  set m1(value: number) {
    this.#m1 = checkM1(value);
  }

  /** What is added to the label's angle, in radians. May be set between steps, in [0, π). */
  get m2(): number {
    return this.#m2;
  }

  set m2(value: number) {
    this.#m2 = checkM2(value);
  }

  /** What is taken from the label's cosine. May be set between steps, in [0, 2). */
  get m3(): number {
    return this.#m3;
  }

  set m3(value: number) {
    this.#m3 = checkM3(value);
  }

  protected curve(): MarginCurve {
    const [m1, m2, m3] = [this.#m1, this.#m2, this.#m3];
    if (this.#form === 'insightface') {
      if (m3 > 0) return { value: (c) => tf.sub(c, m3) };
      if (m1 !== 1) {
        throw new Error(
          `CombinedMargin: insightface's form has no m1 of ${m1} with an m3 of 0; use form 'paper', which has.`,
        );
      }
    }
    return m1 === 1 ? additiveAngularMargin(m2, m3) : combinedAngularMargin(m1, m2, m3);
  }
}

const checkM1 = (value: number) => checkPositive('CombinedMargin: m1', value);
const checkM2 = (value: number) => checkNumber('CombinedMargin: m2', value, 0, Math.PI);
const checkM3 = (value: number) => checkNumber('CombinedMargin: m3', value, 0, 2);
