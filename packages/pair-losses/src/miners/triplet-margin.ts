import { checkFinite } from '../check.js';
import { EuclideanDistance } from '../distances/euclidean.js';
import type { Triplets } from '../pairs/tuples.js';
import type { MinerEntry } from '../registry/miner-entry.js';
import { type AnchorRow, type Choice, collectTriplets, type MinerOptions, RowMiner } from './miner.js';

/** Kind of triplets: all that violate the margin, those of them with the closer negative, the others of them, or the rest. */
export type TripletType = 'all' | 'hard' | 'semihard' | 'easy';

/** Options of `TripletMarginMiner`. */
export interface TripletMarginMinerOptions extends MinerOptions {
  /** Difference that the negative's and the positive's distance should exceed. Default 0.2. */
  margin?: number;
  /** Kind of triplets to choose. Default 'all'. */
  type?: TripletType;
}

/**
 * Chooses triplets by g = d(anchor, negative) − d(anchor, positive): 'all' is g ≤ margin, 'hard' also requires g ≤ 0,
 * 'semihard' also requires g > 0, and 'easy' is g > margin. With a similarity g has the other sign.
 *
 * Default distance: `EuclideanDistance`.
 * @see Schroff, Kalenichenko and Philbin, "FaceNet", CVPR 2015.
 */
export class TripletMarginMiner extends RowMiner<Triplets> {
  protected readonly title = 'TripletMarginMiner';
  readonly margin: number;
  readonly type: TripletType;

  /** @throws RangeError if the margin is not finite or the type is unknown. */
  constructor({ margin = 0.2, type = 'all', ...options }: TripletMarginMinerOptions = {}) {
    super({ distance: new EuclideanDistance(), ...options });
    this.margin = checkFinite('TripletMarginMiner: margin', margin);
    if (!['all', 'hard', 'semihard', 'easy'].includes(type)) {
      throw new RangeError(
        `TripletMarginMiner: type must be 'all', 'hard', 'semihard' or 'easy', but it is '${type}'.`,
      );
    }
    this.type = type;
  }

  protected choose({ distances, positives, negatives }: AnchorRow): Choice {
    const sign = this.distance.isInverted ? -1 : 1;
    const chosen: Choice = { positives: [], negatives: [] };
    for (const positive of positives) {
      for (const negative of negatives) {
        const gap = sign * (distances[negative] - distances[positive]);
        if (!this.#accepts(gap)) continue;
        chosen.positives.push(positive);
        chosen.negatives.push(negative);
      }
    }
    return chosen;
  }

  protected collect(choices: Map<number, Choice>): Triplets {
    return collectTriplets(choices);
  }

  #accepts(gap: number): boolean {
    if (this.type === 'easy') return gap > this.margin;
    if (gap > this.margin) return false;
    return this.type === 'all' || (this.type === 'hard' ? gap <= 0 : gap > 0);
  }
}

/** The registry's entry. */
export const tripletMarginMiner = {
  create: (options) => new TripletMarginMiner(options),
  description: 'triplets that violate the margin, or of one difficulty',
  settings: {
    margin: {
      type: 'number',
      default: 0.2,
      description: "Difference that the negative's and the positive's distance should exceed.",
    },
    type: {
      type: 'string',
      enum: ['all', 'hard', 'semihard', 'easy'],
      default: 'all',
      description: 'Kind of triplets to choose.',
    },
  },
} satisfies MinerEntry<TripletMarginMinerOptions>;
