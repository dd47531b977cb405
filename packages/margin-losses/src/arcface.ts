import { additiveAngularMargin, monotonicAngularMargin, piecewiseMargin } from './angular-margin.js';
import { checkNumber } from './check.js';
import type { MarginLossOptions } from './margin-loss.js';
import type { MarginLossEntry } from './margin-loss-entry.js';
import { type MarginCurve, MarginSoftmax } from './margin-softmax.js';

/** Options of `ArcFace`. */
export interface ArcFaceOptions extends MarginLossOptions {
  /** Angle added to the label's angle, in radians, in [0, π). Default 0.5. */
  margin?: number;
  /** Whether the margin applies only where the label's cosine is above 0. Default false. */
  easyMargin?: boolean;
  /**
   * Whether the logit keeps falling for angles beyond π − margin, as cosine − margin · sin(margin): insightface's form
   * before 2022. Default false. Cannot be combined with easyMargin.
   */
  monotonic?: boolean;
}

/**
 * ArcFace: the label's logit is scale · cos(angle + margin), the others' scale · cosine.
 *
 * By default this formula holds for every angle, as in the current insightface. The logit then rises again for angles
 * beyond π − margin, where the exact gradient points away from the class center; `monotonic` avoids that. The derivative
 * sin(angle + margin) / sin(angle) has no limit at angles 0 and π. Its divisor is at least 2^−11.5, which changes the
 * result only at cosines of exactly ±1.
 * @see Deng et al., "ArcFace: Additive Angular Margin Loss for Deep Face Recognition", CVPR 2019.
 */
export class ArcFace extends MarginSoftmax {
  protected readonly title = 'ArcFace';
  #margin: number;
  readonly #easyMargin: boolean;
  readonly #monotonic: boolean;

  /** @throws RangeError unless scale is above 0 and margin is in [0, π); Error for easyMargin with monotonic. */
  constructor({ margin = 0.5, easyMargin = false, monotonic = false, ...options }: ArcFaceOptions = {}) {
    super(options);
    if (easyMargin && monotonic) {
      throw new Error('ArcFace: easyMargin and monotonic exclude each other; set only one of them.');
    }
    this.#margin = checkMargin(margin);
    this.#easyMargin = easyMargin;
    this.#monotonic = monotonic;
  }

  /** Angle added to the label's angle, in radians, in [0, π). Can be changed between steps. */
  get margin(): number {
    return this.#margin;
  }

  set margin(value: number) {
    this.#margin = checkMargin(value);
  }

  protected curve(): MarginCurve {
    const margin = this.#margin;
    if (this.#monotonic) return monotonicAngularMargin(margin);
    const angular = additiveAngularMargin(margin);
    return this.#easyMargin ? piecewiseMargin(0, angular, { value: (c) => c }) : angular;
  }
}

export const MARGIN = {
  type: 'number',
  default: 0.5,
  minimum: 0,
  exclusiveMaximum: Math.PI,
  description: "Angle added to the label's angle, in radians.",
} as const;
export const EASY_MARGIN = {
  type: 'boolean',
  default: false,
  description: "Whether the margin applies only where the label's cosine is above 0.",
} as const;
export const MONOTONIC = {
  type: 'boolean',
  default: false,
  description: "Whether the label's logit keeps falling for angles beyond π − margin.",
} as const;

/** The registry's entry. */
export const arcface = {
  create: (options) => new ArcFace(options),
  description: 'cos(angle + margin)',
  settings: { margin: MARGIN, easyMargin: EASY_MARGIN, monotonic: MONOTONIC },
} satisfies MarginLossEntry<ArcFaceOptions, ArcFace>;

function checkMargin(margin: number): number {
  return checkNumber('ArcFace: margin', margin, 0, Math.PI);
}
