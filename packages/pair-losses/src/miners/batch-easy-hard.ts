import { EuclideanDistance } from '../distances/euclidean.js';
import type { Pairs, Tuples } from '../pairs/tuples.js';
import type { MinerEntry } from '../registry/miner-entry.js';
import { type AnchorRow, type Choice, collectPairs, type MinerOptions, RowMiner } from './miner.js';

/** Choice of an anchor's pairs: the hardest, the hardest of the semi-hard, the easiest, or all. */
export type BatchStrategy = 'hard' | 'semihard' | 'easy' | 'all';

/** Options of `BatchEasyHardMiner`. */
export interface BatchEasyHardMinerOptions extends MinerOptions {
  /** Choice of the positive. Default 'easy'. */
  positives?: BatchStrategy;
  /** Choice of the negative. Default 'semihard'. */
  negatives?: BatchStrategy;
  /** Smallest and largest distance of positive pairs. Default: no limits. */
  positiveRange?: readonly [number, number];
  /** Smallest and largest distance of negative pairs. Default: no limits. */
  negativeRange?: readonly [number, number];
}

/** Base class of the miners that choose at most one positive and one negative per anchor. */
export abstract class BatchMiner<T extends Tuples> extends RowMiner<T> {
  readonly #options: BatchEasyHardMinerOptions;

  constructor(options: BatchEasyHardMinerOptions) {
    super({ distance: new EuclideanDistance(), ...options });
    this.#options = options;
  }

  protected choose(row: AnchorRow): Choice {
    const { positives = 'easy', negatives = 'semihard', positiveRange, negativeRange } = this.#options;
    // A pair's hardness: the distance of a positive pair, the negative distance of a negative pair.
    const sign = this.distance.isInverted ? -1 : 1;
    const pick = (
      columns: number[],
      strategy: BatchStrategy,
      side: number,
      range?: readonly [number, number],
      limit?: number,
    ) => {
      if (strategy === 'all') return columns;
      const hardness = (column: number) => side * sign * row.distances[column];
      let best: number | undefined;
      for (const column of columns) {
        const distance = row.distances[column];
        if (range && (distance < range[0] || distance > range[1])) continue;
        if (limit !== undefined && !(hardness(column) < side * sign * limit)) continue;
        const isBetter =
          best === undefined ||
          (strategy === 'easy' ? hardness(column) < hardness(best) : hardness(column) > hardness(best));
        if (isBetter) best = column;
      }
      return best === undefined ? [] : [best];
    };
    let chosen: Choice;
    if (positives === 'semihard') {
      const hard = pick(row.negatives, negatives, -1, negativeRange);
      const limit = hard.length > 0 ? row.distances[hard[0]] : undefined;
      chosen = { positives: pick(row.positives, positives, 1, positiveRange, limit), negatives: hard };
    } else {
      const near = pick(row.positives, positives, 1, positiveRange);
      const limit = negatives === 'semihard' && near.length > 0 ? row.distances[near[0]] : undefined;
      chosen = { positives: near, negatives: pick(row.negatives, negatives, -1, negativeRange, limit) };
    }
    if (positives === 'all' || negatives === 'all') return chosen;
    const isComplete = chosen.positives.length > 0 && chosen.negatives.length > 0;
    return isComplete ? chosen : { positives: [], negatives: [] };
  }
}

/**
 * Chooses per anchor the easiest or hardest positive and the easiest or hardest negative. A semi-hard negative is the
 * closest one that is farther than the chosen positive; a semi-hard positive is the farthest one that is closer than the
 * chosen negative. Anchors without both are left out, unless a strategy is 'all'. Ties go to the first column.
 *
 * Default distance: `EuclideanDistance`.
 * @see Xuan, Stylianou and Pless, "Improved Embeddings with Easy Positive Triplet Mining", WACV 2020.
 */
export class BatchEasyHardMiner extends BatchMiner<Pairs> {
  protected readonly title = 'BatchEasyHardMiner';

  /** @throws RangeError if both strategies are 'semihard', or one is 'semihard' and the other 'all', or one is unknown. */
  constructor(options: BatchEasyHardMinerOptions = {}) {
    super(options);
    const { positives = 'easy', negatives = 'semihard' } = options;
    const known = ['hard', 'semihard', 'easy', 'all'];
    const isSupported =
      known.includes(positives) &&
      known.includes(negatives) &&
      !(positives === 'semihard' && (negatives === 'semihard' || negatives === 'all')) &&
      !(positives === 'all' && negatives === 'semihard');
    if (!isSupported) {
      throw new RangeError(
        `BatchEasyHardMiner: positives '${positives}' and negatives '${negatives}' do not combine; use 'hard', 'easy' or ` +
          "'all', or 'semihard' with 'hard' or 'easy'.",
      );
    }
  }

  protected collect(choices: Map<number, Choice>): Pairs {
    return collectPairs(choices);
  }
}

/** The registry's entry. */
export const batchEasyHardMiner = {
  create: (options) => new BatchEasyHardMiner(options),
  description: 'each row with a positive and a negative of the chosen difficulty',
  settings: {
    positives: {
      type: 'string',
      enum: ['hard', 'semihard', 'easy', 'all'],
      default: 'easy',
      description: 'Choice of the positive.',
    },
    negatives: {
      type: 'string',
      enum: ['hard', 'semihard', 'easy', 'all'],
      default: 'semihard',
      description: 'Choice of the negative.',
    },
  },
} satisfies MinerEntry<BatchEasyHardMinerOptions>;
