/**
 * Sizes of `parts` parts of `total` things, as equal as whole numbers allow, the larger ones first: 7 in 3 parts is
 * [3, 2, 2]. How a batch, or classes, are divided over ranks.
 * @throws RangeError unless total is an integer from 0 and parts one from 1.
 */
export function equalParts(total: number, parts: number): number[] {
  if (!Number.isSafeInteger(total) || total < 0) {
    throw new RangeError(`equalParts: the total must be an integer from 0, not ${total}.`);
  }
  if (!Number.isSafeInteger(parts) || parts < 1) {
    throw new RangeError(`equalParts: the number of parts must be an integer from 1, not ${parts}.`);
  }
  const small = Math.floor(total / parts);
  const larger = total % parts;
  return Array.from({ length: parts }, (_, part) => (part < larger ? small + 1 : small));
}

/** Where each part begins; one more at the end: the total. @throws RangeError unless the counts are one a rank and add up. */
export function partOffsets(counts: readonly number[], size: number, length: number): number[] {
  if (counts.length !== size) {
    throw new RangeError(`reduceScatter: ${counts.length} counts came for ${size} ranks.`);
  }
  const offsets = [0];
  for (const count of counts) {
    if (!Number.isSafeInteger(count) || count < 0) {
      throw new RangeError(`reduceScatter: a count must be an integer from 0, not ${count}.`);
    }
    offsets.push(offsets.at(-1)! + count);
  }
  if (offsets.at(-1) !== length) {
    throw new RangeError(`reduceScatter: the counts add up to ${offsets.at(-1)}, but ${length} values came.`);
  }
  return offsets;
}
