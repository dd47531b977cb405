import type { UnitRows } from './normalize-rows.js';
import { forEachPairOfKind } from './pairs.js';

/** Number of equal bins over the range of the scores. */
const BINS = 1 << 14;

/** The result of one weighting of the identities. */
export interface WeightedResult {
  auroc: number;
  /** The TPR at each of the FPRs. */
  tpr: Float64Array;
}

/**
 * Binned scores of all pairs, from which AUROC and TPR at FPR can be computed for any weights of the identities. A positive
 * pair of identity a has weight w_a, a negative pair of a and b has w_a · w_b. Memory is 2 bytes per negative pair.
 */
export class WeightedPairs {
  /** Identity k has the rows from `starts[k]` up to `starts[k + 1]`. */
  readonly starts: Int32Array;
  /** The position in `#bins` of the first pair of row i with a row of a later identity. */
  readonly #base: Float64Array;
  readonly #bins: Uint16Array;
  /** The bins of the positive pairs, grouped by identity. */
  readonly #positiveBins: Uint16Array;
  readonly #positiveStarts: Int32Array;
  /** The weight of the positive and negative pairs in each bin that has pairs. */
  readonly #positive: Float64Array;
  readonly #negative: Float64Array;

  readonly #fprs: readonly number[];

  /** @param rows Rows sorted by label. @param sorted Their labels, ascending. */
  constructor(rows: UnitRows, sorted: Int32Array, fprs: readonly number[]) {
    this.#fprs = fprs;

    const starts = [0];
    for (let i = 1; i < sorted.length; i++) if (sorted[i] !== sorted[i - 1]) starts.push(i);
    starts.push(sorted.length);
    this.starts = Int32Array.from(starts);
    const identityOf = new Int32Array(sorted.length);
    const positiveStarts = [0];
    for (let k = 0; k + 1 < starts.length; k++) {
      const count = starts[k + 1] - starts[k];
      identityOf.fill(k, starts[k], starts[k + 1]);
      positiveStarts.push(positiveStarts[k] + (count * (count - 1)) / 2);
    }
    this.#positiveStarts = Int32Array.from(positiveStarts);
    this.#base = new Float64Array(sorted.length + 1);
    for (let i = 0; i < sorted.length; i++) {
      this.#base[i + 1] = this.#base[i] + sorted.length - starts[identityOf[i] + 1];
    }
    this.#bins = new Uint16Array(this.#base[sorted.length]);
    this.#positiveBins = new Uint16Array(positiveStarts[positiveStarts.length - 1]);

    let [low, high] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
    const scores = new Float32Array(this.#bins.length);
    forEachPairOfKind(rows, sorted, false, (batch) => {
      for (let p = 0; p < batch.length; p++) {
        const i = batch.i[p];
        const score = batch.scores[p];
        scores[this.#base[i] + batch.j[p] - starts[identityOf[i] + 1]] = score;
        if (score < low) low = score;
        if (score > high) high = score;
      }
    });
    const own = new Float32Array(this.#positiveBins.length);
    const next = Int32Array.from(this.#positiveStarts);
    forEachPairOfKind(rows, sorted, true, (batch) => {
      for (let p = 0; p < batch.length; p++) {
        const score = batch.scores[p];
        own[next[identityOf[batch.i[p]]]++] = score;
        if (score < low) low = score;
        if (score > high) high = score;
      }
    });
    const scale = high > low ? BINS / (high - low) : 0;
    const binOf = (score: number) => Math.min(BINS - 1, Math.floor((score - low) * scale));
    for (let p = 0; p < scores.length; p++) this.#bins[p] = binOf(scores[p]);
    for (let p = 0; p < own.length; p++) this.#positiveBins[p] = binOf(own[p]);
    const occupied = renumberBins([this.#bins, this.#positiveBins]);
    this.#positive = new Float64Array(occupied);
    this.#negative = new Float64Array(occupied);
  }

  get identities(): number {
    return this.starts.length - 1;
  }

  /**
   * Computes the metrics for given weights.
   *
   * @param weights One non-negative integer per identity.
   * @returns Undefined if no positive or no negative pair has a weight.
   */
  weigh(weights: ArrayLike<number>): WeightedResult | undefined {
    const { starts, identities } = this;
    const negative = this.#negative;
    const positive = this.#positive;
    const positiveStarts = this.#positiveStarts;
    const positiveBins = this.#positiveBins;
    const bins = this.#bins;
    const base = this.#base;
    positive.fill(0);
    negative.fill(0);
    for (let a = 0; a < identities; a++) {
      const weight = weights[a];
      if (weight === 0) continue;
      for (let p = positiveStarts[a]; p < positiveStarts[a + 1]; p++) positive[positiveBins[p]] += weight;
      const after = starts[a + 1];
      for (let i = starts[a]; i < after; i++) {
        const from = base[i] - after;
        for (let b = a + 1; b < identities; b++) {
          const both = weight * weights[b];
          if (both === 0) continue;
          const end = from + starts[b + 1];
          for (let p = from + starts[b]; p < end; p++) negative[bins[p]] += both;
        }
      }
    }
    return readBins(positive, negative, this.#fprs);
  }
}

/** Renumbers bins in place without empty ones, so that few pairs take little time. Returns the number of bins left. */
function renumberBins(lists: readonly Uint16Array[]): number {
  const numbers = new Uint16Array(BINS);
  for (const bins of lists) for (let p = 0; p < bins.length; p++) numbers[bins[p]] = 1;
  let count = 0;
  for (let bin = 0; bin < BINS; bin++) if (numbers[bin] === 1) numbers[bin] = count++;
  for (const bins of lists) for (let p = 0; p < bins.length; p++) bins[p] = numbers[bins[p]];
  return count;
}

function readBins(
  positive: Float64Array,
  negative: Float64Array,
  fprs: readonly number[],
): WeightedResult | undefined {
  let positives = 0;
  let negatives = 0;
  for (let bin = 0; bin < positive.length; bin++) {
    positives += positive[bin];
    negatives += negative[bin];
  }
  if (positives === 0 || negatives === 0) return undefined;
  const tpr = new Float64Array(fprs.length);
  // `passed` counts the FPRs, in ascending order, that the accepted negatives exceed.
  const ascending = [...fprs.keys()].sort((x, y) => fprs[x] - fprs[y]);
  let passed = 0;
  let accepted = 0;
  let falselyAccepted = 0;
  let beaten = 0;
  for (let bin = positive.length - 1; bin >= 0; bin--) {
    const own = positive[bin];
    const others = negative[bin];
    if (own === 0 && others === 0) continue;
    while (passed < fprs.length && (falselyAccepted + others) / negatives > fprs[ascending[passed]]) {
      tpr[ascending[passed++]] = accepted / positives;
    }
    beaten += own * (falselyAccepted + others / 2);
    accepted += own;
    falselyAccepted += others;
  }
  while (passed < fprs.length) tpr[ascending[passed++]] = accepted / positives;
  return { auroc: 1 - beaten / positives / negatives, tpr };
}
