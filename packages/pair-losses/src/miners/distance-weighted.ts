import { checkPositive } from '../check.js';
import { EuclideanDistance } from '../distances/euclidean.js';
import type { Triplets } from '../pairs/tuples.js';
import type { MinerEntry } from '../registry/miner-entry.js';
import { type AnchorRow, type Choice, collectTriplets, type MinerOptions, RowMiner } from './miner.js';
import { createUniform } from './random.js';

/** Options of `DistanceWeightedMiner`. The distance is always the Euclidean distance of normalized embeddings. */
export interface DistanceWeightedMinerOptions extends Omit<MinerOptions, 'distance'> {
  /** Smaller distances are treated as this one, above 0. Default 0.5. */
  cutoff?: number;
  /** Negatives at this distance or farther are never drawn, above 0. Default 1.4. */
  nonzeroLossCutoff?: number;
  /** Seed of the draws. Default 0. */
  seed?: number;
}

/**
 * Draws triplets. Each anchor gets one triplet per row of its class (without `ref` the anchor itself counts too): a uniform
 * positive, and a negative with probability ∝ d^(2 − n) (1 − d²/4)^((3 − n)/2), where n is the number of dimensions. That is
 * the inverse density of distances on the sphere, so that all distances are drawn alike.
 *
 * A call continues the seeded stream. Anchors without a positive or without a negative of positive weight are left out.
 * @see Wu et al., "Sampling Matters in Deep Embedding Learning", ICCV 2017.
 */
export class DistanceWeightedMiner extends RowMiner<Triplets> {
  protected readonly title = 'DistanceWeightedMiner';
  readonly cutoff: number;
  readonly nonzeroLossCutoff: number;
  readonly #uniform: () => number;
  #dimensions = 0;

  /** @throws RangeError unless both cutoffs are above 0. */
  constructor({
    cutoff = 0.5,
    nonzeroLossCutoff = 1.4,
    seed = 0,
    ...options
  }: DistanceWeightedMinerOptions = {}) {
    super({ ...options, distance: new EuclideanDistance() });
    this.cutoff = checkPositive('DistanceWeightedMiner: cutoff', cutoff);
    this.nonzeroLossCutoff = checkPositive('DistanceWeightedMiner: nonzeroLossCutoff', nonzeroLossCutoff);
    this.#uniform = createUniform(seed);
  }

  /**
   * Returns the probability of each negative of an anchor; all are 0 if none can be drawn.
   * @param distances Distances of the anchor and its negatives.
   * @param dimensions Number of dimensions of an embedding.
   */
  probabilities(distances: ArrayLike<number>, dimensions: number): Float64Array {
    const logs = Float64Array.from(distances, (distance) => {
      const d = Math.max(distance, this.cutoff);
      if (!(d < this.nonzeroLossCutoff)) return -Infinity;
      const log = (2 - dimensions) * Math.log(d) - ((dimensions - 3) / 2) * Math.log(1 - 0.25 * d * d);
      return Number.isFinite(log) ? log : -Infinity;
    });
    const top = logs.reduce((largest, log) => Math.max(largest, log), -Infinity);
    if (top === -Infinity) return logs.fill(0);
    const weights = logs.map((log) => Math.exp(log - top));
    const sum = weights.reduce((total, weight) => total + weight, 0);
    return weights.map((weight) => weight / sum);
  }

  protected override start(dimensions: number): void {
    this.#dimensions = dimensions;
  }

  protected choose({ distances, positives, negatives, isSelf }: AnchorRow): Choice {
    const chosen: Choice = { positives: [], negatives: [] };
    if (positives.length === 0 || negatives.length === 0) return chosen;
    const probabilities = this.probabilities(
      negatives.map((column) => distances[column]),
      this.#dimensions,
    );
    if (!probabilities.some((probability) => probability > 0)) return chosen;
    const draws = positives.length + (isSelf ? 1 : 0);
    for (let k = 0; k < draws; k++) {
      chosen.positives.push(positives[Math.floor(this.#uniform() * positives.length)]);
      chosen.negatives.push(negatives[drawIndex(probabilities, this.#uniform())]);
    }
    return chosen;
  }

  protected collect(choices: Map<number, Choice>): Triplets {
    return collectTriplets(choices);
  }
}

function drawIndex(probabilities: Float64Array, uniform: number): number {
  let sum = 0;
  let last = 0;
  for (let k = 0; k < probabilities.length; k++) {
    if (probabilities[k] === 0) continue;
    last = k;
    sum += probabilities[k];
    if (uniform < sum) return k;
  }
  return last;
}

/** The registry's entry. */
export const distanceWeightedMiner = {
  create: (options) => new DistanceWeightedMiner(options),
  description: 'negatives drawn evenly over distances',
  settings: {
    cutoff: {
      type: 'number',
      default: 0.5,
      exclusiveMinimum: 0,
      description: 'Smaller distances are treated as this one.',
    },
    nonzeroLossCutoff: {
      type: 'number',
      default: 1.4,
      exclusiveMinimum: 0,
      description: 'Negatives at this distance or farther are never drawn.',
    },
  },
} satisfies MinerEntry<DistanceWeightedMinerOptions>;
