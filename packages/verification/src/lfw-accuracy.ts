import { countRows, normalizeRows } from './normalize-rows.js';

/** Accuracy of telling pairs apart, by cross-validation. */
export interface FoldAccuracy {
  /** The mean of the folds' accuracies: the figure that is reported of LFW. */
  accuracy: number;
  /** The folds' standard deviation (divisor: the number of folds, as NumPy's). */
  std: number;
  /** Of each fold, its accuracy at the threshold that the other folds choose, and that threshold. */
  folds: { accuracy: number; threshold: number }[];
}

const THRESHOLDS = 400;
const STEP = 0.01;

/**
 * LFW's 10-fold accuracy as insightface's verification.py evaluates it: a pair is taken for one identity when its squared
 * distance is less than a threshold; of 0, 0.01, … 3.99 the lowest with the best accuracy on nine folds is judged on the
 * tenth. Folds are consecutive runs of the pairs, the first ones one longer where they do not divide evenly.
 *
 * @param distances Squared Euclidean distances of unit-length embeddings, one per pair: `pairDistances`.
 * @param isSame For each pair, truthy when it is one identity.
 * @param folds At least 2. Default 10.
 * @throws RangeError when the lengths differ, a distance is not finite, or there are fewer pairs than folds.
 * @see https://github.com/deepinsight/insightface, recognition/arcface_torch/eval/verification.py; Huang et al., "Labeled
 *   Faces in the Wild", 2007.
 */
export function lfwAccuracy(
  distances: ArrayLike<number>,
  isSame: ArrayLike<boolean | number>,
  folds = 10,
): FoldAccuracy {
  const pairs = distances.length;
  if (isSame.length !== pairs) {
    throw new RangeError(
      `There are ${pairs} distances but ${isSame.length} entries in isSame. Expected one a pair.`,
    );
  }
  if (!Number.isInteger(folds) || folds < 2 || folds > pairs) {
    throw new RangeError(`folds must be an integer in 2…${pairs} (the pairs), got ${folds}.`);
  }
  // Correct answers of each fold at each threshold.
  const correct = Array.from({ length: folds }, () => new Int32Array(THRESHOLDS));
  const size = (fold: number) => Math.floor(pairs / folds) + (fold < pairs % folds ? 1 : 0);
  for (let fold = 0, from = 0; fold < folds; fold++) {
    for (let k = from; k < from + size(fold); k++) {
      if (!Number.isFinite(distances[k])) {
        throw new RangeError(`Distance ${k} is ${distances[k]}. Every distance must be a finite number.`);
      }
      for (let t = 0; t < THRESHOLDS; t++) {
        if (distances[k] < t * STEP === Boolean(isSame[k])) correct[fold][t]++;
      }
    }
    from += size(fold);
  }
  const results = correct.map((own, fold) => {
    let best = 0;
    let most = -1;
    for (let t = 0; t < THRESHOLDS; t++) {
      const others = correct.reduce((sum, counts) => sum + counts[t], 0) - own[t];
      if (others > most) [best, most] = [t, others];
    }
    return { accuracy: own[best] / size(fold), threshold: best * STEP };
  });
  const accuracy = results.reduce((sum, fold) => sum + fold.accuracy, 0) / folds;
  const variance = results.reduce((sum, fold) => sum + (fold.accuracy - accuracy) ** 2, 0) / folds;
  return { accuracy, std: Math.sqrt(variance), folds: results };
}

/**
 * Squared Euclidean distances of consecutive rows scaled to unit length: of rows 0 and 1, 2 and 3, … as the images of an
 * insightface `.bin` follow one another. Insightface adds the embeddings of an image and of its mirror image first.
 *
 * @param embeddings Row-major 2P×D.
 * @returns P distances from 0 to 4, in double precision.
 * @throws RangeError when there is an odd number of rows, or a row has a NaN, an infinity or zero length.
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
