import { checkFinite } from '../check.js';
import { CosineSimilarity } from '../distances/cosine.js';
import type { Pairs } from '../pairs/tuples.js';
import type { MinerEntry } from '../registry/miner-entry.js';
import { type AnchorRow, type Choice, collectPairs, type MinerOptions, RowMiner } from './miner.js';

/** Options of `MultiSimilarityMiner`. */
export interface MultiSimilarityMinerOptions extends MinerOptions {
  /** Margin within which pairs are chosen. Default 0.1. */
  epsilon?: number;
}

/**
 * Chooses positive pairs with s − epsilon below the anchor's largest negative similarity, and negative pairs with
 * s + epsilon above its smallest positive similarity. With a distance the signs change. Default: `CosineSimilarity`.
 * @see Wang et al., "Multi-Similarity Loss with General Pair Weighting for Deep Metric Learning", CVPR 2019.
 */
export class MultiSimilarityMiner extends RowMiner<Pairs> {
  protected readonly title = 'MultiSimilarityMiner';
  readonly epsilon: number;

  /** @throws RangeError if epsilon is not finite. */
  constructor({ epsilon = 0.1, ...options }: MultiSimilarityMinerOptions = {}) {
    super({ distance: new CosineSimilarity(), ...options });
    this.epsilon = checkFinite('MultiSimilarityMiner: epsilon', epsilon);
  }

  protected choose({ distances, positives, negatives }: AnchorRow): Choice {
    const sign = this.distance.isInverted ? 1 : -1;
    const similarity = (column: number) => sign * distances[column];
    const largest = negatives.reduce((top, column) => Math.max(top, similarity(column)), -Infinity);
    const smallest = positives.reduce((low, column) => Math.min(low, similarity(column)), Infinity);
    return {
      positives: positives.filter((column) => similarity(column) - this.epsilon < largest),
      negatives: negatives.filter((column) => similarity(column) + this.epsilon > smallest),
    };
  }

  protected collect(choices: Map<number, Choice>): Pairs {
    return collectPairs(choices);
  }
}

/** The registry's entry. */
export const multiSimilarityMiner = {
  create: (options) => new MultiSimilarityMiner(options),
  description: "pairs that are harder than the row's hardest pair of the other kind",
  settings: {
    epsilon: {
      type: 'number',
      default: 0.1,
      description: 'Margin within which pairs are chosen.',
    },
  },
} satisfies MinerEntry<MultiSimilarityMinerOptions>;
