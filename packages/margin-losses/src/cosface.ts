import * as tf from '@tensorflow/tfjs-core';
import { checkNumber } from './check.js';
import type { MarginLossOptions } from './margin-loss.js';
import type { MarginLossEntry } from './margin-loss-entry.js';
import { type MarginCurve, MarginSoftmax } from './margin-softmax.js';

/** Options of `CosFace`. */
export interface CosFaceOptions extends MarginLossOptions {
  /** Value subtracted from the label's cosine, in [0, 2). Default 0.4. */
  margin?: number;
}

/**
 * CosFace: the label's logit is scale · (cosine − margin), the others' scale · cosine.
 *
 * Exact and pass-through gradients are identical.
 * @see Wang et al., "CosFace: Large Margin Cosine Loss for Deep Face Recognition", CVPR 2018.
 */
export class CosFace extends MarginSoftmax {
  protected readonly title = 'CosFace';
  #margin: number;

  /** @throws RangeError unless scale is above 0 and margin is in [0, 2). */
  constructor({ margin = 0.4, ...options }: CosFaceOptions = {}) {
    super(options);
    this.#margin = checkMargin(margin);
  }

  /** Value subtracted from the label's cosine, in [0, 2). Can be changed between steps. */
  get margin(): number {
    return this.#margin;
  }

  set margin(value: number) {
    this.#margin = checkMargin(value);
  }

  protected curve(): MarginCurve {
    const margin = this.#margin;
    return { value: (c) => tf.sub(c, margin) };
  }
}

/** The registry's entry. */
export const cosface = {
  create: (options) => new CosFace(options),
  description: 'cosine − margin',
  settings: {
    margin: {
      type: 'number',
      default: 0.4,
      minimum: 0,
      exclusiveMaximum: 2,
      description: "Value subtracted from the label's cosine.",
    },
  },
} satisfies MarginLossEntry<CosFaceOptions, CosFace>;

function checkMargin(margin: number): number {
  return checkNumber('CosFace: margin', margin, 0, 2);
}
