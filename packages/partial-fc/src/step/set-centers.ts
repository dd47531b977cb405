import { lowerBound } from '../classes/lower-bound.js';
import { NotFiniteError } from '../errors.js';
import type { CenterStore } from '../stores/center-store.js';
import { tableOf } from '../stores/memory-tables.js';

/** Rows that are written at a time, so that a store need not hold all of them in memory. */
const ROWS_AT_ONCE = 4096;

/**
 * @param classCount Number of classes over all ranks.
 * @throws RangeError if there is not one center per class or the classes are not ascending and in range; NotFiniteError
 *   if a value is not finite.
 */
export function checkCenters(
  classes: Int32Array,
  centers: Float32Array,
  { classCount, dimensions }: { classCount: number; dimensions: number },
): void {
  if (centers.length !== classes.length * dimensions) {
    throw new RangeError(
      `PartialFC: setCenters got ${centers.length} values for ${classes.length} classes of ${dimensions} dimensions.`,
    );
  }
  classes.forEach((number, i) => {
    if (number < 0 || number >= classCount || (i > 0 && number <= classes[i - 1])) {
      throw new RangeError(
        `PartialFC: setCenters needs ascending classes from 0 to ${classCount - 1}, but class ${number} is at index ${i}.`,
      );
    }
  });
  const at = centers.findIndex((value) => !Number.isFinite(value));
  if (at >= 0) {
    throw new NotFiniteError(
      `PartialFC: setCenters got ${centers[at]} in the center of class ${classes[Math.floor(at / dimensions)]}. Nothing was changed.`,
    );
  }
}

/** Writes the centers of those classes that a store holds; `classes` ascend. */
export async function writeCenters(
  store: CenterStore,
  classes: Int32Array,
  centers: Float32Array,
): Promise<void> {
  const { firstClass, rows: rowCount, dimensions } = store.spec;
  const begin = lowerBound(classes, firstClass);
  const end = lowerBound(classes, firstClass + rowCount);
  for (let from = begin; from < end; from += ROWS_AT_ONCE) {
    const to = Math.min(end, from + ROWS_AT_ONCE);
    const rows = classes.subarray(from, to).map((number) => number - firstClass);
    const values = centers.subarray(from * dimensions, to * dimensions);
    const block = await store.gather(rows, ({ tables }, at) => {
      const weight = tableOf(tables, 'weight');
      weight.set(values.subarray(at * dimensions, at * dimensions + weight.length));
    });
    block.dispose();
  }
}
