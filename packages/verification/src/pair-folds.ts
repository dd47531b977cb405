/** @throws RangeError if the lengths differ, a distance is not finite, or there are fewer pairs than folds. */
export function checkPairs(
  distances: ArrayLike<number>,
  isSame: ArrayLike<boolean | number>,
  folds: number,
): void {
  const pairs = distances.length;
  if (isSame.length !== pairs) {
    throw new RangeError(
      `There are ${pairs} distances but ${isSame.length} entries in isSame. Expected one per pair.`,
    );
  }
  if (!Number.isInteger(folds) || folds < 2 || folds > pairs) {
    throw new RangeError(`folds must be an integer in 2…${pairs} (the pairs), got ${folds}.`);
  }
  for (let k = 0; k < pairs; k++) {
    if (!Number.isFinite(distances[k])) {
      throw new RangeError(`Distance ${k} is ${distances[k]}. Every distance must be a finite number.`);
    }
  }
}

/** Returns the pairs of a fold as scikit-learn's KFold does: consecutive, and the first folds have one more if need be. */
export function foldOf(pairs: number, fold: number, folds: number): { from: number; to: number } {
  const size = Math.floor(pairs / folds);
  const larger = pairs % folds;
  const from = fold * size + Math.min(fold, larger);
  return { from, to: from + size + (fold < larger ? 1 : 0) };
}
