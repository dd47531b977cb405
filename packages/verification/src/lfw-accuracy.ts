import { countRows, normalizeRows } from './normalize-rows.js';
import { checkPairs, foldOf } from './pair-folds.js';

/** Cross-validated accuracy of classifying pairs as same or different. */
export interface FoldAccuracy {
  /** The mean accuracy of the folds, which is the value reported for LFW. */
  accuracy: number;
  /** The standard deviation over the folds, with divisor n as in NumPy. */
  std: number;
  /** The accuracy of each fold at the threshold chosen on the other folds, and that threshold. */
  folds: { accuracy: number; threshold: number }[];
}

const THRESHOLDS = 400;
const STEP = 0.01;

/**
 * Computes LFW's 10-fold accuracy as insightface's verification.py does. A pair is predicted as one identity if its squared
 * distance is less than a threshold. The thresholds 0, 0.01, … 3.99 are tried on nine folds, and the lowest one with the
 * best accuracy is evaluated on the tenth. Folds are consecutive pairs. If the pairs do not divide evenly, the first folds
 * have one pair more.
 *
 * @param distances Squared Euclidean distances of unit-length embeddings, one per pair, as from `pairDistances`.
 * @param isSame Truthy for each pair of one identity.
 * @param folds Number of folds, at least 2. Default 10.
 * @throws RangeError if the lengths differ, a distance is not finite, or there are fewer pairs than folds.
 * @see https://github.com/deepinsight/insightface, recognition/arcface_torch/eval/verification.py; Huang et al., "Labeled
 *   Faces in the Wild", 2007.
 */
export function lfwAccuracy(
  distances: ArrayLike<number>,
  isSame: ArrayLike<boolean | number>,
  folds = 10,
): FoldAccuracy {
  checkPairs(distances, isSame, folds);
  // Number of correct predictions per fold and threshold.
  const correct = Array.from({ length: folds }, () => new Int32Array(THRESHOLDS));
  const ranges = correct.map((_, fold) => foldOf(distances.length, fold, folds));
  for (const [fold, { from, to }] of ranges.entries()) {
    for (let k = from; k < to; k++) {
      for (let t = 0; t < THRESHOLDS; t++) {
        if (distances[k] < t * STEP === Boolean(isSame[k])) correct[fold][t]++;
      }
    }
  }
  const results = correct.map((own, fold) => {
    let best = 0;
    let most = -1;
    for (let t = 0; t < THRESHOLDS; t++) {
      const others = correct.reduce((sum, counts) => sum + counts[t], 0) - own[t];
      if (others > most) [best, most] = [t, others];
    }
    const { from, to } = ranges[fold];
    return { accuracy: own[best] / (to - from), threshold: best * STEP };
  });
  const accuracy = results.reduce((sum, fold) => sum + fold.accuracy, 0) / folds;
  const variance = results.reduce((sum, fold) => sum + (fold.accuracy - accuracy) ** 2, 0) / folds;
  return { accuracy, std: Math.sqrt(variance), folds: results };
}

/**
 * Computes the squared Euclidean distances of rows 0 and 1, 2 and 3, and so on, after scaling each row to unit length.
 * This is the order of the images in insightface's `.bin` files. Insightface first adds the embeddings of each image and
 * its mirror image.
 *
 * @param embeddings Row-major 2P×D.
 * @returns P distances from 0 to 4, in double precision.
 * @throws RangeError if the number of rows is odd, or a row has a NaN, an infinity or zero length.
 */
export function pairDistances(embeddings: Float32Array, dimensions: number): Float64Array {
  const rows = countRows(embeddings, dimensions);
  if (rows % 2 !== 0) {
    throw new RangeError(`There are ${rows} rows, an odd number. Expected the two images of each pair.`);
  }
  const { data } = normalizeRows(embeddings, dimensions);
  return Float64Array.from({ length: rows / 2 }, (_, pair) => {
    let sum = 0;
    for (let d = 0, at = 2 * pair * dimensions; d < dimensions; d++, at++) {
      sum += (data[at] - data[at + dimensions]) ** 2;
    }
    return sum;
  });
}
