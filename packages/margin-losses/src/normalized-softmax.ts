import type { MarginLossOptions } from './margin-loss.js';
import type { MarginLossEntry } from './margin-loss-entry.js';
import { type MarginCurve, MarginSoftmax } from './margin-softmax.js';

/**
 * Normalized softmax: the cross-entropy of scale · cosine, without a margin.
 *
 * Exact and pass-through gradients are identical.
 * @see Wang et al., "NormFace: L2 Hypersphere Embedding for Face Verification", ACM MM 2017.
 */
export class NormalizedSoftmax extends MarginSoftmax {
  protected readonly title = 'NormalizedSoftmax';

  /** @throws RangeError unless scale is above 0. */
  constructor(options: MarginLossOptions = {}) {
    super(options);
  }

  protected curve(): MarginCurve {
    return { value: (c) => c };
  }
}

/** The registry's entry. */
export const normalizedSoftmax = {
  create: (options) => new NormalizedSoftmax(options),
  description: 'cosine, without a margin',
  settings: {},
} satisfies MarginLossEntry<MarginLossOptions, NormalizedSoftmax>;
