import type { Triplets } from '../pairs/tuples.js';
import type { MinerEntry } from '../registry/miner-entry.js';
import { BatchMiner } from './batch-easy-hard.js';
import { type Choice, collectTriplets, type MinerOptions } from './miner.js';

/**
 * Chooses per anchor the farthest positive and the closest negative. Anchors without both are left out. Ties go to the
 * first column. Default distance: `EuclideanDistance`.
 * @see Hermans, Beyer and Leibe, "In Defense of the Triplet Loss for Person Re-Identification", 2017.
 */
export class BatchHardMiner extends BatchMiner<Triplets> {
  protected readonly title = 'BatchHardMiner';

  constructor(options: MinerOptions = {}) {
    super({ ...options, positives: 'hard', negatives: 'hard' });
  }

  protected collect(choices: Map<number, Choice>): Triplets {
    return collectTriplets(choices);
  }
}

/** The registry's entry. */
export const batchHardMiner = {
  create: (options) => new BatchHardMiner(options),
  description: 'each row with its farthest positive and its nearest negative',
  settings: {},
} satisfies MinerEntry<MinerOptions>;
