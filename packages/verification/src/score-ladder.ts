/**
 * Counts all pairs exactly but stores only the positive scores. A ROC curve, its area and the TPR at an FPR depend on a
 * negative score only through its place among the positive scores: equal to one of them, or between two. The sorted
 * distinct positive scores are the rungs, and each negative is counted on its rung or in its gap. Memory is O(distinct
 * positive scores), independent of the number of negatives.
 */
export class ScoreLadder {
  /** The distinct positive scores, ascending. */
  readonly rungs: Float32Array | Float64Array;
  /** The number of positives on each rung. */
  readonly positivesAt: Float64Array;
  /** The number of negatives: `[2r]` in the gap below rung r, `[2r + 1]` on rung r, the last above every rung. */
  readonly #negatives: Float64Array;
  /** The first rung at or above each cell of a uniform grid over the rungs' range. It narrows most searches to one rung. */
  readonly #cellStart: Int32Array;
  readonly #low: number;
  readonly #cellsPerUnit: number;
  readonly #cells: number;

  /** @param positives The positive scores: at least one, no NaN. They are sorted in place. */
  constructor(positives: Float32Array | Float64Array) {
    // A sort puts -0 below +0, although they are equal scores.
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
    // Going backward, a cell keeps its first rung. Cells without a rung then take the next cell's.
    for (let r = distinct - 1; r >= 0; r--) this.#cellStart[this.#cellOf(this.rungs[r])] = r;
    for (let c = this.#cells - 1; c >= 0; c--) {
      if (this.#cellStart[c] > this.#cellStart[c + 1]) this.#cellStart[c] = this.#cellStart[c + 1];
    }
  }

  #cellOf(score: number): number {
    const cell = (score - this.#low) * this.#cellsPerUnit;
    return cell >= this.#cells ? this.#cells - 1 : cell > 0 ? Math.floor(cell) : 0;
  }

  /** Counts one negative score, which must not be NaN. */
  addNegative(score: number): void {
    const cell = this.#cellOf(score);
    // The first rung at or above the score is in this cell, or is the first of the next.
    let first = this.#cellStart[cell];
    let last = this.#cellStart[cell + 1];
    while (first < last) {
      const middle = (first + last) >> 1;
      if (this.rungs[middle] < score) first = middle + 1;
      else last = middle;
    }
    this.#negatives[2 * first + (first < this.rungs.length && this.rungs[first] === score ? 1 : 0)]++;
  }

  /** Sums the counts from the highest rung down. */
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
      // The negatives above this rung and half of the ties outrank each of its positives.
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

/** Exact counts at every distinct positive score, in ascending order. */
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
