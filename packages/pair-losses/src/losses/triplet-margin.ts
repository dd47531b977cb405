import * as tf from '@tensorflow/tfjs-core';
import { checkFinite } from '../check.js';
import { EuclideanDistance } from '../distances/euclidean.js';
import { eachTriplet } from '../host/each-triplet.js';
import { sigmoid, softplus } from '../host/log-sum-exp.js';
import { gatherEntries } from '../pairs/gather-entries.js';
import type { LossPlan } from '../pairs/loss-plan.js';
import { hasAny, type LossOptions, PairLoss, signOf } from '../pairs/pair-loss.js';
import type { PairSource } from '../pairs/pair-source.js';
import { createTripletDraw, type TripletDraw } from '../pairs/triplet-draw.js';
import { AvgNonZeroReducer } from '../reducers/average-nonzero.js';
import type { PairLossEntry } from '../registry/loss-entry.js';

/** Options of `TripletMarginLoss`. */
export interface TripletMarginLossOptions extends LossOptions {
  /** Required difference between the negative's and the positive's distance. Default 0.05. */
  margin?: number;
  /**
   * Whether to use the distance of positive and negative if it is smaller than that of anchor and negative. It requires
   * all distances at once and refuses `ref`. Default false.
   */
  swap?: boolean;
  /** Whether to use log(1 + exp(x)) in place of max(0, x). Default false. */
  smooth?: boolean;
  /**
   * Number of triplets drawn for each anchor of a call without `tuples`, uniformly. Default: all triplets.
   */
  tripletsPerAnchor?: number;
  /** Seed of the draws, which differ from call to call. Default 0. */
  seed?: number;
}

/**
 * Triplet loss: max(0, d(anchor, positive) − d(anchor, negative) + margin). With a similarity both signs change.
 *
 * Defaults: `EuclideanDistance`, `AvgNonZeroReducer`. Without mined tuples every triplet is used.
 * @see Schroff, Kalenichenko and Philbin, "FaceNet", CVPR 2015; Balntas et al., "Learning local feature descriptors with
 *   triplets and shallow convolutional neural networks", BMVC 2016 (swap).
 */
export class TripletMarginLoss extends PairLoss {
  protected readonly title = 'TripletMarginLoss';
  readonly margin: number;
  readonly swap: boolean;
  readonly smooth: boolean;
  readonly #draw: TripletDraw | undefined;

  /** @throws RangeError if the margin is not finite or tripletsPerAnchor is not a positive integer. */
  constructor(options: TripletMarginLossOptions = {}) {
    const { margin = 0.05, swap = false, smooth = false, tripletsPerAnchor, seed, ...rest } = options;
    super({ distance: new EuclideanDistance(), reducer: new AvgNonZeroReducer(), ...rest });
    this.margin = checkFinite('TripletMarginLoss: margin', margin);
    this.swap = swap;
    this.smooth = smooth;
    this.#draw = createTripletDraw('TripletMarginLoss', tripletsPerAnchor, seed);
  }

  /** @throws RangeError for `swap` with reference embeddings. */
  protected plan(all: PairSource): LossPlan | undefined {
    const pairs = this.#draw?.(all) ?? all;
    const { swap, smooth, margin } = this;
    if (swap && !pairs.isSelf) {
      throw new RangeError(
        'TripletMarginLoss: swap compares positives with negatives, which are rows of ref here; turn swap off or omit ref.',
      );
    }
    const counts = pairs.tripletCounts();
    if (!hasAny(counts)) return undefined;
    const sign = signOf(this.distance);
    return {
      counts: [counts],
      extraValues: (row) => 8 * counts[row],
      isEmpty: (start, end) => !hasAny(counts.subarray(start, end)),
      isWhole: swap,
      kernel: swap
        ? undefined
        : (block) =>
            eachTriplet(block, pairs, (near, far, row) => {
              const violation = sign * (near - far) + margin;
              const weight = block.parts[0].add(smooth ? softplus(violation) : Math.max(violation, 0), row);
              return smooth ? weight * sign * sigmoid(violation) : violation > 0 ? weight * sign : 0;
            }),
      block(matrix, start) {
        const { anchors, positives, negatives } = pairs.triplets(start, start + matrix.shape[0]);
        const near = gatherEntries(matrix, anchors, positives);
        const far = gatherEntries(matrix, anchors, negatives);
        const between = swap ? gatherEntries(matrix, positives, negatives) : undefined;
        const isSwapped = between && tf.less(tf.mul(between.value, sign), tf.mul(far.value, sign));
        const smaller = between && isSwapped ? tf.where(isSwapped, between.value, far.value) : far.value;
        const violation = tf.add(tf.mul(tf.sub(near.value, smaller), sign), margin);
        const losses = smooth ? tf.softplus(violation) : tf.relu(violation);
        return {
          parts: [{ losses, rows: anchors }],
          pullback([d]) {
            const slope = smooth ? tf.sigmoid(violation) : tf.cast(tf.greater(violation, 0), 'float32');
            const g = tf.mul(tf.mul(d, slope), sign) as tf.Tensor1D;
            const dFar = tf.neg(g);
            const grads = [near.pullback(g)];
            if (between && isSwapped) {
              grads.push(between.pullback(tf.where(isSwapped, dFar, 0) as tf.Tensor1D));
              grads.push(far.pullback(tf.where(isSwapped, 0, dFar) as tf.Tensor1D));
            } else grads.push(far.pullback(dFar));
            return { matrix: tf.addN(grads) };
          },
        };
      },
    };
  }
}

/** The registry's entry. */
export const tripletMarginLoss = {
  create: (options) => new TripletMarginLoss(options),
  description: 'max(0, d⁺ − d⁻ + margin)',
  settings: {
    margin: {
      type: 'number',
      default: 0.05,
      description: "Required difference between the negative's and the positive's distance.",
    },
    swap: {
      type: 'boolean',
      default: false,
      description:
        'Whether to use the distance of positive and negative if it is smaller than that of anchor and negative.',
    },
    smooth: {
      type: 'boolean',
      default: false,
      description: 'Whether to use log(1 + exp(x)) in place of max(0, x).',
    },
  },
} satisfies PairLossEntry<Omit<TripletMarginLossOptions, 'tripletsPerAnchor' | 'seed'>>;
