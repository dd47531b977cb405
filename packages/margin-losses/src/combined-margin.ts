import * as tf from '@tensorflow/tfjs-core';
import { additiveAngularMargin, combinedAngularMargin } from './angular-margin.js';
import { checkNumber, checkPositive } from './check.js';
import type { MarginLossOptions } from './margin-loss.js';
import type { MarginLossEntry } from './margin-loss-entry.js';
import { type MarginCurve, MarginSoftmax } from './margin-softmax.js';

/** Options of `CombinedMargin`. */
export interface CombinedMarginOptions extends MarginLossOptions {
  /** Factor of the label's angle (SphereFace's margin), above 0. Default 1. */
  m1?: number;
  /** Angle added to the label's angle (ArcFace's margin), in radians, in [0, π). Default 0. */
  m2?: number;
  /** Value subtracted from the label's cosine (CosFace's margin), in [0, 2). Default 0. */
  m3?: number;
  /**
   * `paper` (default) computes cos(m1 · angle + m2) − m3. `insightface` computes what insightface's CombinedMarginLoss
   * does: ArcFace with m2 if m1 is 1 and m3 is 0; CosFace with m3, ignoring m1 and m2, if m3 is above 0; otherwise it
   * throws.
   */
  form?: 'paper' | 'insightface';
}

/**
 * Combines three margins: the label's logit is scale · (cos(m1 · angle + m2) − m3), the others' scale · cosine.
 *
 * (1, m2, 0) is ArcFace and (1, 0, m3) is CosFace in both forms. Angles with m1 · angle + m2 beyond π get no special
 * treatment: the cosine rises again there, as in insightface. The derivative is finite at cosines of exactly ±1, as in
 * ArcFace.
 * @see Deng et al., "ArcFace: Additive Angular Margin Loss for Deep Face Recognition", CVPR 2019, equation 4.
 */
export class CombinedMargin extends MarginSoftmax {
  protected readonly title = 'CombinedMargin';
  readonly #form: 'paper' | 'insightface';
  #m1: number;
  #m2: number;
  #m3: number;

  /** @throws RangeError if an option is out of range; Error for margins that form 'insightface' does not support. */
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

  /** Factor of the label's angle, above 0. Can be changed between steps. */
  get m1(): number {
    return this.#m1;
  }

  set m1(value: number) {
    this.#m1 = checkM1(value);
  }

  /** Angle added to the label's angle, in radians, in [0, π). Can be changed between steps. */
  get m2(): number {
    return this.#m2;
  }

  set m2(value: number) {
    this.#m2 = checkM2(value);
  }

  /** Value subtracted from the label's cosine, in [0, 2). Can be changed between steps. */
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
          `CombinedMargin: form 'insightface' does not support m1 ${m1} with m3 0; use form 'paper', or set m1 to 1.`,
        );
      }
    }
    return m1 === 1 ? additiveAngularMargin(m2, m3) : combinedAngularMargin(m1, m2, m3);
  }
}

/** The registry's entry. */
export const combinedMargin = {
  create: (options) => new CombinedMargin(options),
  description: 'cos(m1 · angle + m2) − m3',
  settings: {
    m1: {
      type: 'number',
      default: 1,
      exclusiveMinimum: 0,
      description: "Factor of the label's angle.",
    },
    m2: {
      type: 'number',
      default: 0,
      minimum: 0,
      exclusiveMaximum: Math.PI,
      description: "Angle added to the label's angle, in radians.",
    },
    m3: {
      type: 'number',
      default: 0,
      minimum: 0,
      exclusiveMaximum: 2,
      description: "Value subtracted from the label's cosine.",
    },
    form: {
      type: 'string',
      enum: ['paper', 'insightface'],
      default: 'paper',
      description: "The paper's formula, or what insightface's CombinedMarginLoss computes.",
    },
  },
} satisfies MarginLossEntry<CombinedMarginOptions, CombinedMargin>;

const checkM1 = (value: number) => checkPositive('CombinedMargin: m1', value);
const checkM2 = (value: number) => checkNumber('CombinedMargin: m2', value, 0, Math.PI);
const checkM3 = (value: number) => checkNumber('CombinedMargin: m3', value, 0, 2);
