import type { MarginLossOptions } from './margin-loss.js';
import { type MarginCurve, MarginSoftmax } from './margin-softmax.js';

/**
 * Normalized softmax: the cross-entropy of scale · cosine, without a margin.
 *
 * Exact and pass-through gradients are the same here.
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
