import { type LadderCounts, ScoreLadder } from './score-ladder.js';
import { type Interval, wilsonInterval } from './wilson.js';

/** Operating points and resolution of a ROC curve. */
export interface RocOptions {
  /** False positive rates at which to report the TPR, each in (0, 1). Default 1e-1, 1e-2, 1e-3, 1e-4. */
  fprs?: readonly number[];
  /** Approximate number of points of the curve to keep for plotting, at least 8. Default 400. */
  rocPoints?: number;
}

/** The largest true positive rate whose threshold keeps the false positive rate within a target. */
export interface TprAtFpr {
  /** The target false positive rate. */
  fpr: number;
  /** The largest true positive rate of any threshold whose false positive rate is at most `fpr`. */
  tpr: number;
  /** Accept a pair if its score is at least this. Null if no positive pair can be accepted. */
  threshold: number | null;
  /** Negative pairs accepted at `threshold`; `falseAccepts / pairs.negative` is at most `fpr`. */
  falseAccepts: number;
  /** Positive pairs accepted at `threshold`. */
  truePositives: number;
  /**
   * False if there are fewer than `1 / fpr` negative pairs. The target then allows no false accept, so this is only the
   * TPR at zero false accepts.
   */
  resolved: boolean;
  /**
   * 95 % Wilson interval of the TPR at `threshold`. It assumes independent positive pairs. Pairs that share an image are
   * not independent, so the true uncertainty is wider.
   */
  tprInterval: Interval;
}

/** Points of a ROC curve from (0, 0) to (1, 1). A pair is accepted if its score is at least `threshold`. */
export interface RocCurve {
  fpr: Float64Array;
  tpr: Float64Array;
  /** Descending, from Infinity (no pair is accepted) to -Infinity (every pair is), as in scikit-learn. JSON has neither. */
  threshold: Float64Array;
}

/** A ROC curve and its summary statistics. */
export interface RocResult {
  pairs: { positive: number; negative: number };
  /** Exact area under the ROC curve: the probability that a positive outscores a negative, ties counting half. */
  auroc: number;
  /** One entry per false positive rate, in the order of `fprs`. */
  tprAtFpr: TprAtFpr[];
  /** The curve, thinned for plotting. Every kept point is exact, and points are dense toward FPR 0 on a logarithmic axis. */
  roc: RocCurve;
}

/** The default of `RocOptions.fprs`. */
export const DEFAULT_FPRS: readonly number[] = [1e-1, 1e-2, 1e-3, 1e-4];

/**
 * Computes the ROC curve of given scores: AUROC, TPR at each false positive rate with its threshold, and a curve to plot.
 * Definitions are those of `verifyEmbeddings`, which also computes the scores.
 *
 * @param scores One score per pair, in any range; higher means more similar.
 * @param isPositive Truthy for each pair of one identity.
 * @throws RangeError if the lengths differ, a score is not finite, there is no positive or no negative pair, or an option
 *   is out of range.
 */
export function rocFromScores(
  scores: ArrayLike<number>,
  isPositive: ArrayLike<boolean | number>,
  options: RocOptions = {},
): RocResult {
  const checked = checkRocOptions(options);
  return rocFromCounts(countScores(scores, isPositive), checked);
}

/**
 * Computes the exact area under the ROC curve of given scores, ties counting half. It equals the Mann-Whitney statistic
 * divided by the product of the numbers of positives and negatives.
 *
 * @throws RangeError as `rocFromScores`.
 */
export function auroc(scores: ArrayLike<number>, isPositive: ArrayLike<boolean | number>): number {
  return countScores(scores, isPositive).auroc;
}

function countScores(scores: ArrayLike<number>, isPositive: ArrayLike<boolean | number>): LadderCounts {
  if (scores.length !== isPositive.length) {
    throw new RangeError(
      `There are ${scores.length} scores but ${isPositive.length} entries in isPositive. Expected one per score.`,
    );
  }
  let count = 0;
  for (let i = 0; i < scores.length; i++) {
    if (!Number.isFinite(scores[i])) {
      throw new RangeError(`Score ${i} is ${scores[i]}. Every score must be a finite number.`);
    }
    if (isPositive[i]) count++;
  }
  if (count === 0)
    throw new RangeError('No pair is positive. A ROC curve requires at least one of each kind.');
  if (count === scores.length) {
    throw new RangeError('No pair is negative. A ROC curve requires at least one of each kind.');
  }
  const positives = new Float64Array(count);
  for (let i = 0, p = 0; i < scores.length; i++) if (isPositive[i]) positives[p++] = scores[i];
  const ladder = new ScoreLadder(positives);
  for (let i = 0; i < scores.length; i++) if (!isPositive[i]) ladder.addNegative(scores[i]);
  return ladder.cumulate();
}

/** Fills in defaults. @throws RangeError if an option is out of range. */
export function checkRocOptions(options: RocOptions): Required<RocOptions> {
  const { fprs = DEFAULT_FPRS, rocPoints = 400 } = options;
  for (const fpr of fprs) {
    if (!(fpr > 0 && fpr < 1)) throw new RangeError(`fprs: ${fpr} is not between 0 and 1 (both excluded).`);
  }
  if (!Number.isInteger(rocPoints) || rocPoints < 8) {
    throw new RangeError(`rocPoints must be an integer of at least 8, got ${rocPoints}.`);
  }
  return { fprs, rocPoints };
}

/** Computes the result from exact counts. `options` must come from `checkRocOptions`. */
export function rocFromCounts(counts: LadderCounts, options: Required<RocOptions>): RocResult {
  return {
    pairs: { positive: counts.positives, negative: counts.negatives },
    auroc: counts.auroc,
    tprAtFpr: options.fprs.map((fpr) => tprAt(counts, fpr)),
    roc: thinCurve(counts, options.rocPoints),
  };
}

function tprAt(counts: LadderCounts, fpr: number): TprAtFpr {
  const { thresholds, falseAccepts, truePositives, positives, negatives } = counts;
  // False accepts only grow as the threshold falls, so bisection finds the lowest threshold within the target.
  let first = 0;
  let last = thresholds.length;
  while (first < last) {
    const middle = (first + last) >> 1;
    if (falseAccepts[middle] / negatives <= fpr) last = middle;
    else first = middle + 1;
  }
  const accepted = first < thresholds.length ? truePositives[first] : 0;
  return {
    fpr,
    tpr: accepted / positives,
    // Adding 0 turns −0 into 0.
    threshold: first < thresholds.length ? thresholds[first] + 0 : null,
    falseAccepts: first < thresholds.length ? falseAccepts[first] : 0,
    truePositives: accepted,
    resolved: 1 / negatives <= fpr,
    tprInterval: wilsonInterval(accepted, positives),
  };
}

/**
 * Thins the curve, which has a corner just above each distinct positive score and one at it. It keeps both ends and the
 * nearest corners below each FPR of a logarithmic grid, each FPR of a linear grid and each TPR of a linear grid.
 */
function thinCurve(counts: LadderCounts, points: number): RocCurve {
  const { thresholds, falseAccepts, falseAcceptsAbove, truePositives, positives, negatives } = counts;
  const n = thresholds.length;
  // Corner 2k lies just above the k-th highest positive score, corner 2k + 1 at it.
  const corner = (index: number) => {
    const r = n - 1 - (index >> 1);
    return index & 1
      ? { fpr: falseAccepts[r] / negatives, tpr: truePositives[r] / positives, threshold: thresholds[r] }
      : {
          fpr: falseAcceptsAbove[r] / negatives,
          tpr: (r + 1 < n ? truePositives[r + 1] : 0) / positives,
          threshold: nextUp(thresholds[r]),
        };
  };
  const keep = new Set<number>();
  const keepLast = (within: (c: { fpr: number; tpr: number }) => boolean) => {
    let first = 0;
    let last = 2 * n;
    while (first < last) {
      const middle = (first + last) >> 1;
      if (within(corner(middle))) first = middle + 1;
      else last = middle;
    }
    if (first > 0) keep.add(first - 1);
  };
  if (2 * n + 2 <= points) {
    for (let c = 0; c < 2 * n; c++) keep.add(c);
  } else {
    const logarithmic = Math.floor((points - 2) / 2);
    const linear = Math.floor((points - 2 - logarithmic) / 2);
    for (let k = 0; k < logarithmic; k++) {
      const fpr = negatives ** (k / Math.max(1, logarithmic - 1) - 1);
      keepLast((c) => c.fpr <= fpr);
    }
    for (let k = 0; k < linear; k++) {
      keepLast((c) => c.fpr <= (k + 1) / linear);
      keepLast((c) => c.tpr <= (k + 1) / linear);
    }
  }
  const kept = [...keep].sort((x, y) => x - y).map(corner);
  const all = [
    { fpr: 0, tpr: 0, threshold: Number.POSITIVE_INFINITY },
    ...kept,
    { fpr: 1, tpr: 1, threshold: Number.NEGATIVE_INFINITY },
  ].filter((c, i, list) => i === 0 || c.fpr !== list[i - 1].fpr || c.tpr !== list[i - 1].tpr);
  return {
    fpr: Float64Array.from(all, (c) => c.fpr),
    tpr: Float64Array.from(all, (c) => c.tpr),
    threshold: Float64Array.from(all, (c) => c.threshold),
  };
}

const doubleBits = new Float64Array(1);
const wholeBits = new BigInt64Array(doubleBits.buffer);

/** Returns the smallest double above `value`. As a threshold it accepts scores above `value`. */
function nextUp(value: number): number {
  if (value === 0) return Number.MIN_VALUE;
  if (value === Number.POSITIVE_INFINITY) return value;
  doubleBits[0] = value;
  wholeBits[0] += value > 0 ? 1n : -1n;
  return doubleBits[0];
}
