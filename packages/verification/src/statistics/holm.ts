/**
 * Holm's step-down adjustment of p-values for having asked several questions at once: those at or below a level are
 * resolved with at most that chance of a single false one among them all, whatever their dependence.
 *
 * @param pValues Each in [0, 1].
 * @returns Adjusted p-values in the same order, at most 1.
 * @throws RangeError when one is not in [0, 1].
 * @see Holm, "A simple sequentially rejective multiple test procedure", Scandinavian Journal of Statistics 1979.
 */
export function holm(pValues: readonly number[]): number[] {
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
