/**
 * Divides `total` items, such as a batch or classes, into `parts` parts that are as equal as possible, larger parts first.
 * Returns the sizes of the parts: 7 in 3 parts is [3, 2, 2].
 * @throws RangeError unless `total` is a non-negative and `parts` a positive integer.
 */
export function equalParts(total: number, parts: number): number[] {
  if (!Number.isSafeInteger(total) || total < 0) {
    throw new RangeError(`equalParts: the total must be a non-negative integer, not ${total}.`);
  }
  if (!Number.isSafeInteger(parts) || parts < 1) {
    throw new RangeError(`equalParts: the number of parts must be a positive integer, not ${parts}.`);
  }
  const small = Math.floor(total / parts);
  const larger = total % parts;
  return Array.from({ length: parts }, (_, part) => (part < larger ? small + 1 : small));
}

/**
 * Returns the offset of each part, followed by the length.
 * @throws RangeError unless there is one count per rank and they add up to the length.
 */
export function partOffsets(counts: readonly number[], size: number, length: number): number[] {
  if (counts.length !== size) {
    throw new RangeError(`reduceScatter: there are ${counts.length} counts for ${size} ranks.`);
  }
  let end = 0;
  const offsets = [0];
  for (const count of counts) {
    if (!Number.isSafeInteger(count) || count < 0) {
      throw new RangeError(`reduceScatter: a count must be a non-negative integer, not ${count}.`);
    }
    end += count;
    offsets.push(end);
  }
  if (end !== length) {
    throw new RangeError(`reduceScatter: the counts add up to ${end}, but there are ${length} values.`);
  }
  return offsets;
}

/**
 * Returns the default counts of `reduceScatter`: equal parts.
 * @throws RangeError unless the length is a multiple of the size.
 */
export function equalCounts(length: number, size: number): number[] {
  if (length % size !== 0) {
    throw new RangeError(
      `reduceScatter: ${length} values cannot be divided equally among ${size} ranks. Pass counts.`,
    );
  }
  return equalParts(length, size);
}
