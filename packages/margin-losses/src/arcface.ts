import { additiveAngularMargin, monotonicAngularMargin, piecewiseMargin } from './angular-margin.js';
import { checkNumber } from './check.js';
import type { MarginLossOptions } from './margin-loss.js';
import { type MarginCurve, MarginSoftmax } from './margin-softmax.js';

/** How an ArcFace is made. */
export interface ArcFaceOptions extends MarginLossOptions {
  /** What is added to the label's angle, in radians, in [0, π). Default 0.5. */
  margin?: number;
  /** Apply the margin only where the label's cosine is above 0. Default false. */
  easyMargin?: boolean;
  /**
   * Past the angle π − margin use cosine − margin · sin(margin), so that the logit keeps falling as the angle grows;
   * insightface's form before 2022. Default false. Not together with easyMargin.
   */
  monotonic?: boolean;
}

/**
 * ArcFace: the label's logit is scale · cos(angle + margin), the others' scale · cosine.
 *
 * By default the curve is this for every angle, as insightface's today: it turns up again past π − margin, where the
 * exact gradient then points away from the class center. `monotonic` avoids that. The derivative
 * sin(angle + margin) / sin(angle) has no limit at angles 0 and π; the sine divided by is at least 2^−11.5, which acts
 * on cosines of exactly ±1 only.
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
      throw new Error('ArcFace: easyMargin and monotonic are two treatments of large angles; choose one.');
    }
    this.#margin = checkMargin(margin);
    this.#easyMargin = easyMargin;
    this.#monotonic = monotonic;
  }

  /** What is added to the label's angle, in radians. May be set between steps, in [0, π). */
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

function checkMargin(margin: number): number {
  return checkNumber('ArcFace: margin', margin, 0, Math.PI);
}
