/**
 * Adjusts p-values for multiple tests by Holm's step-down method. Rejecting the hypotheses whose adjusted p-value is at
 * most a level keeps the family-wise error rate at or below that level, whatever the dependence between the tests.
 *
 * @param pValues Each in [0, 1].
 * @returns Adjusted p-values in the same order, at most 1.
 * @throws RangeError if a p-value is not in [0, 1].
 * @see Holm, "A simple sequentially rejective multiple test procedure", Scandinavian Journal of Statistics 1979.
 */
export function adjustPValues(pValues: readonly number[]): number[] {
  const at = pValues.findIndex((p) => !(p >= 0 && p <= 1));
  if (at >= 0) throw new RangeError(`pValues[${at}] is ${pValues[at]}. Expected a probability in 0…1.`);
  const adjusted = new Array<number>(pValues.length);
  let largest = 0;
  [...pValues.keys()]
    .sort((x, y) => pValues[x] - pValues[y])
    .forEach((index, rank) => {
      largest = Math.max(largest, Math.min(1, (pValues.length - rank) * pValues[index]));
      adjusted[index] = largest;
    });
  return adjusted;
}
