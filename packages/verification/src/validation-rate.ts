import { checkPairs, foldOf } from './pair-folds.js';

/** Cross-validated rate of accepted pairs of one identity at a false accept rate. */
export interface ValidationRate {
  /** The mean over the folds of the rate of accepted pairs of one identity: VAL at FAR. */
  val: number;
  /** The standard deviation of VAL over the folds, with divisor n as in NumPy. */
  std: number;
  /** The mean over the folds of the measured false accept rate. */
  far: number;
  /** The rates of each fold at the threshold chosen on the other folds, and that threshold. */
  folds: { val: number; far: number; threshold: number }[];
}

/** Options of `validationRate`. */
export interface ValidationRateOptions {
  /** The false accept rate that the threshold is chosen for, in (0, 1). Default 1e-3. */
  far?: number;
  /** Number of folds, at least 2. Default 10. */
  folds?: number;
}

const THRESHOLDS = 4000;
const STEP = 0.001;

/**
 * Computes LFW's validation rate at a false accept rate (VAL at FAR), as `calculate_val` of insightface and facenet does. A
 * pair is accepted if its squared distance is less than a threshold. The false accept rate of nine folds is computed at the
 * thresholds 0, 0.001, … 3.999, the threshold for `far` is interpolated linearly between the last one below it and the first
 * one that reaches it, and the rates of the tenth fold are measured there. A fold whose thresholds all stay below `far` uses
 * the threshold 0, which accepts nothing.
 *
 * Few pairs cannot measure a low rate: with LFW's 300 pairs of two identities a fold, `far` of 1e-3 is about three of 2,700.
 *
 * @param distances Squared Euclidean distances of unit-length embeddings, one per pair, as from `pairDistances`.
 * @param isSame Truthy for each pair of one identity.
 * @throws RangeError as `lfwAccuracy`, if `far` is out of range, or a fold lacks pairs of one or of two identities.
 * @see https://github.com/deepinsight/insightface, recognition/arcface_torch/eval/verification.py; Schroff et al., "FaceNet",
 *   CVPR 2015, whose VAL and FAR these are.
 */
export function validationRate(
  distances: ArrayLike<number>,
  isSame: ArrayLike<boolean | number>,
  { far = 1e-3, folds = 10 }: ValidationRateOptions = {},
): ValidationRate {
  if (!(far > 0 && far < 1)) throw new RangeError(`far must be between 0 and 1 (both excluded), got ${far}.`);
  checkPairs(distances, isSame, folds);
  const own = Array.from({ length: folds }, (_, fold) => splitFold(distances, isSame, fold, folds));
  const results = own.map(({ same, different }, fold) => {
    const others = own.flatMap(({ different }, k) => (k === fold ? [] : different));
    const threshold = chooseThreshold(others, far);
    const accepted = (values: readonly number[]) =>
      values.filter((distance) => distance < threshold).length / values.length;
    return { val: accepted(same), far: accepted(different), threshold };
  });
  const mean = (pick: (fold: (typeof results)[number]) => number) =>
    results.reduce((sum, fold) => sum + pick(fold), 0) / folds;
  const val = mean((fold) => fold.val);
  const variance = mean((fold) => (fold.val - val) ** 2);
  return { val, std: Math.sqrt(variance), far: mean((fold) => fold.far), folds: results };
}

function splitFold(
  distances: ArrayLike<number>,
  isSame: ArrayLike<boolean | number>,
  fold: number,
  folds: number,
): { same: number[]; different: number[] } {
  const same: number[] = [];
  const different: number[] = [];
  const { from, to } = foldOf(distances.length, fold, folds);
  for (let k = from; k < to; k++) (isSame[k] ? same : different).push(distances[k]);
  if (same.length === 0 || different.length === 0) {
    const missing = same.length === 0 ? 'one identity' : 'two identities';
    throw new RangeError(
      `Fold ${fold} (pairs ${from}…${to - 1}) has no pair of ${missing}. Every fold must have both kinds; use fewer folds or another order.`,
    );
  }
  return { same, different };
}

/** Interpolates the threshold that accepts a rate of the distances; 0 if no threshold reaches the rate. */
function chooseThreshold(distances: readonly number[], far: number): number {
  const sorted = Float64Array.from(distances).sort();
  let accepted = 0;
  let before = 0;
  for (let t = 0; t < THRESHOLDS; t++) {
    const threshold = t * STEP;
    while (accepted < sorted.length && sorted[accepted] < threshold) accepted++;
    const rate = accepted / sorted.length;
    if (rate >= far) return (t - 1) * STEP + (STEP * (far - before)) / (rate - before);
    before = rate;
  }
  return 0;
}
