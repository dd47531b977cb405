/**
 * @param exclude The gallery row to skip for each query, or -1 for none.
 * @throws RangeError if there is not one entry per query, or a row does not exist.
 */
export function checkExclude(exclude: Int32Array, queries: number, galleryRows: number): void {
  if (exclude.length !== queries) {
    throw new RangeError(
      `exclude has ${exclude.length} entries for ${queries} queries. Expected one per query.`,
    );
  }
  const outside = exclude.find((row) => row < -1 || row >= galleryRows);
  if (outside !== undefined) {
    throw new RangeError(
      `exclude names gallery row ${outside}, but rows are 0…${galleryRows - 1} (-1 for none).`,
    );
  }
}
