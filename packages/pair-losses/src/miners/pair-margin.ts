import { checkFinite } from '../check.js';
import { EuclideanDistance } from '../distances/euclidean.js';
import type { Pairs } from '../pairs/tuples.js';
import type { MinerEntry } from '../registry/miner-entry.js';
import { type AnchorRow, type Choice, collectPairs, type MinerOptions, RowMiner } from './miner.js';

/** Options of `PairMarginMiner`. */
export interface PairMarginMinerOptions extends MinerOptions {
  /** Positive pairs farther than this are chosen. Default 0.2. */
  posMargin?: number;
  /** Negative pairs closer than this are chosen. Default 0.8. */
  negMargin?: number;
}

/**
 * Chooses positive pairs with a distance above posMargin and negative pairs with one below negMargin. With a similarity:
 * positive pairs below posMargin, negative pairs above negMargin. Default distance: `EuclideanDistance`.
 */
export class PairMarginMiner extends RowMiner<Pairs> {
  protected readonly title = 'PairMarginMiner';
  readonly posMargin: number;
  readonly negMargin: number;

  /** @throws RangeError if a margin is not finite. */
  constructor({ posMargin = 0.2, negMargin = 0.8, ...options }: PairMarginMinerOptions = {}) {
    super({ distance: new EuclideanDistance(), ...options });
    this.posMargin = checkFinite('PairMarginMiner: posMargin', posMargin);
    this.negMargin = checkFinite('PairMarginMiner: negMargin', negMargin);
  }

  protected choose({ distances, positives, negatives }: AnchorRow): Choice {
    const sign = this.distance.isInverted ? -1 : 1;
    return {
      positives: positives.filter((column) => sign * (distances[column] - this.posMargin) > 0),
      negatives: negatives.filter((column) => sign * (this.negMargin - distances[column]) > 0),
    };
  }

  protected collect(choices: Map<number, Choice>): Pairs {
    return collectPairs(choices);
  }
}

/** The registry's entry. */
export const pairMarginMiner = {
  create: (options) => new PairMarginMiner(options),
  description: 'positive pairs beyond a distance and negative pairs within another',
  settings: {
    posMargin: {
      type: 'number',
      default: 0.2,
      minimum: 0,
      description: 'Positive pairs farther than this are chosen.',
    },
    negMargin: {
      type: 'number',
      default: 0.8,
      minimum: 0,
      description: 'Negative pairs closer than this are chosen.',
    },
  },
} satisfies MinerEntry<PairMarginMinerOptions>;
