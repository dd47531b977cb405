/**
 * Counts every pair exactly while holding only the positive ones. A ROC curve, its area and the TPR at an FPR
 * depend on a negative score only through where it falls among the positive scores: equal to one of them, or in
 * the gap between two. So the positive scores are sorted into rungs, and a negative is counted on its rung or in its
 * gap and forgotten. Memory is O(distinct positive scores), whatever the number of negatives.
 */
export class ScoreLadder {
  /** The distinct positive scores, ascending. */
  readonly rungs: Float32Array | Float64Array;
  /** Positives with exactly the score of each rung. */
  readonly positivesAt: Float64Array;
  /** Negatives: `[2r]` in the gap below rung r, `[2r + 1]` on rung r, the last above every rung. */
  readonly #negatives: Float64Array;
  /** A uniform grid over the rungs' range: the first rung at or above each cell, so that most look-ups end here. */
  readonly #cellStart: Int32Array;
  readonly #low: number;
  readonly #cellsPerUnit: number;
  readonly #cells: number;

  /** @param positives The positive scores; sorted in place. At least one, none of them NaN. */
  constructor(positives: Float32Array | Float64Array) {
    // A sort puts -0 below +0 although they are one score.
    for (let i = 0; i < positives.length; i++) if (positives[i] === 0) positives[i] = 0;
    positives.sort();
    let distinct = 0;
    const at = new Float64Array(positives.length);
    for (let i = 0; i < positives.length; i++) {
      if (i === 0 || positives[i] !== positives[i - 1]) at[distinct++] = 0;
      at[distinct - 1]++;
      positives[distinct - 1] = positives[i];
    }
    this.rungs = positives.subarray(0, distinct);
    this.positivesAt = at.subarray(0, distinct);
    this.#negatives = new Float64Array(2 * distinct + 1);

    this.#low = this.rungs[0];
    const range = this.rungs[distinct - 1] - this.#low;
    this.#cells = Math.min(1 << 20, Math.max(1, 4 * distinct));
    const perUnit = this.#cells / range;
    this.#cellsPerUnit = Number.isFinite(perUnit) && perUnit > 0 ? perUnit : 0;
    this.#cellStart = new Int32Array(this.#cells + 1).fill(distinct);
    // Backwards, so that a cell keeps its first rung; then cells without a rung take the next cell's.
    for (let r = distinct - 1; r >= 0; r--) this.#cellStart[this.#cellOf(this.rungs[r])] = r;
    for (let c = this.#cells - 1; c >= 0; c--) {
      if (this.#cellStart[c] > this.#cellStart[c + 1]) this.#cellStart[c] = this.#cellStart[c + 1];
    }
  }

  #cellOf(score: number): number {
    const cell = (score - this.#low) * this.#cellsPerUnit;
    return cell >= this.#cells ? this.#cells - 1 : cell > 0 ? Math.floor(cell) : 0;
  }

  /** Counts one negative score (not NaN). */
  addNegative(score: number): void {
    const cell = this.#cellOf(score);
    // The first rung that is not below the score: in this cell, or the first of the next.
    let first = this.#cellStart[cell];
    let last = this.#cellStart[cell + 1];
    while (first < last) {
      const middle = (first + last) >> 1;
      if (this.rungs[middle] < score) first = middle + 1;
      else last = middle;
    }
    this.#negatives[2 * first + (first < this.rungs.length && this.rungs[first] === score ? 1 : 0)]++;
  }

  /** For each rung: the pairs of each kind with a score at or above it, and above it. */
  cumulate(): LadderCounts {
    const n = this.rungs.length;
    const truePositives = new Float64Array(n);
    const falseAccepts = new Float64Array(n);
    const falseAcceptsAbove = new Float64Array(n);
    let positives = 0;
    let negatives = this.#negatives[2 * n];
    let aboveAndTies = 0;
    for (let r = n - 1; r >= 0; r--) {
      positives += this.positivesAt[r];
      truePositives[r] = positives;
      falseAcceptsAbove[r] = negatives;
      negatives += this.#negatives[2 * r + 1];
      falseAccepts[r] = negatives;
      // Of this rung's positives, how many negatives beat each: the ones above, and half of the ties.
      aboveAndTies += this.positivesAt[r] * (falseAcceptsAbove[r] + this.#negatives[2 * r + 1] / 2);
      negatives += this.#negatives[2 * r];
    }
    return {
      thresholds: this.rungs,
      truePositives,
      falseAccepts,
      falseAcceptsAbove,
      positives,
      negatives,
      auroc: 1 - aboveAndTies / positives / negatives,
    };
  }
}

/** Exact counts at every distinct positive score, ascending. */
export interface LadderCounts {
  thresholds: Float32Array | Float64Array;
  /** Positives with a score at or above the threshold. */
  truePositives: Float64Array;
  /** Negatives with a score at or above the threshold. */
  falseAccepts: Float64Array;
  /** Negatives with a score above the threshold. */
  falseAcceptsAbove: Float64Array;
  positives: number;
  negatives: number;
  auroc: number;
}
