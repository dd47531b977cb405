import * as tf from '@tensorflow/tfjs-core';
import { checkFinite } from '../check.js';
import { EuclideanDistance } from '../distances/euclidean.js';
import { eachRow } from '../host/each-row.js';
import { FirstPartSum } from '../host/first-part-sum.js';
import type { LossPlan } from '../pairs/loss-plan.js';
import { isTooFew, type LossOptions, PairLoss, pairCounts, signOf } from '../pairs/pair-loss.js';
import type { PairSource } from '../pairs/pair-source.js';
import { AvgNonZeroReducer } from '../reducers/average-nonzero.js';
import type { PairLossEntry } from '../registry/loss-entry.js';

/** Options of `ContrastiveLoss`. */
export interface ContrastiveLossOptions extends LossOptions {
  /** Distance (or similarity) that positive pairs must reach. Default 0; use 1 with a similarity. */
  posMargin?: number;
  /** Distance (or similarity) that negative pairs must reach. Default 1; use 0 with a similarity. */
  negMargin?: number;
}

/**
 * Contrastive loss. With a distance d, a positive pair costs max(0, d − posMargin) and a negative pair
 * max(0, negMargin − d). With a similarity s they cost max(0, posMargin − s) and max(0, s − negMargin).
 *
 * The two kinds of pairs are reduced on their own and added. Defaults: `EuclideanDistance`, `AvgNonZeroReducer`.
 * @see Hadsell, Chopra and LeCun, "Dimensionality Reduction by Learning an Invariant Mapping", CVPR 2006.
 */
export class ContrastiveLoss extends PairLoss {
  protected readonly title = 'ContrastiveLoss';
  readonly posMargin: number;
  readonly negMargin: number;

  /** @throws RangeError if a margin is not finite. */
  constructor({ posMargin = 0, negMargin = 1, ...options }: ContrastiveLossOptions = {}) {
    super({ distance: new EuclideanDistance(), reducer: new AvgNonZeroReducer(), ...options });
    this.posMargin = checkFinite('ContrastiveLoss: posMargin', posMargin);
    this.negMargin = checkFinite('ContrastiveLoss: negMargin', negMargin);
  }

  protected plan(pairs: PairSource): LossPlan | undefined {
    if (isTooFew(pairs)) return undefined;
    const { posMargin, negMargin } = this;
    const sign = signOf(this.distance);
    return {
      counts: [pairs.positiveCounts(), pairs.negativeCounts()],
      isSymmetric: !pairs.tuples,
      // A miner may choose an entry as both.
      firstPart: pairs.tuples
        ? undefined
        : {
            columnsOf: (row) => pairs.positivesOf(row),
            createSum: (...sides) => new FirstPartSum(...sides),
          },
      kernel: (block) => {
        const [apart, close] = block.parts;
        eachRow(block, pairs, false, ({ row, values, positive, negative }) => {
          for (let k = 0; k < values.length; k++) {
            const d = values[k];
            let g = 0;
            if (positive[k] > 0) {
              const loss = sign * (d - posMargin);
              const weight = apart.add(loss > 0 ? loss : 0, row, positive[k]);
              if (loss > 0) g += weight * sign;
            }
            if (negative[k] > 0) {
              const loss = sign * (negMargin - d);
              const weight = close.add(loss > 0 ? loss : 0, row, negative[k]);
              if (loss > 0) g -= weight * sign;
            }
            values[k] = g;
          }
        });
      },
      block: (matrix, start) => {
        const { positive, negative } = pairCounts(pairs, start, matrix, false);
        const apart = tf.relu(tf.mul(tf.sub(matrix, this.posMargin), sign));
        const close = tf.relu(tf.mul(tf.sub(this.negMargin, matrix), sign));
        return {
          parts: [
            { losses: apart, times: positive },
            { losses: close, times: negative },
          ],
          pullback([dApart, dClose]) {
            const pull = tf.where(tf.greater(apart, 0), dApart, 0);
            const push = tf.where(tf.greater(close, 0), dClose, 0);
            return { matrix: tf.mul(tf.sub(pull, push), sign) as tf.Tensor2D };
          },
        };
      },
    };
  }
}

/** The registry's entry. */
export const contrastiveLoss = {
  create: (options) => new ContrastiveLoss(options),
  description: 'max(0, d⁺ − posMargin) and max(0, negMargin − d⁻)',
  settings: {
    posMargin: {
      type: 'number',
      default: 0,
      description: 'Distance that positive pairs must reach.',
    },
    negMargin: {
      type: 'number',
      default: 1,
      description: 'Distance that negative pairs must reach.',
    },
  },
} satisfies PairLossEntry<ContrastiveLossOptions>;
