/** Rows of unit length in double precision, padded with zero rows so that tiles need no edge cases. */
export interface UnitRows {
  data: Float64Array;
  /** The number of rows without padding; `data` has this number rounded up to a multiple of `ROW_MULTIPLE`. */
  count: number;
  dimensions: number;
}

/** The number of rows that the tile kernel processes at once. */
export const ROW_MULTIPLE = 4;

/**
 * Checks a row-major N×D matrix of embeddings and scales each row to unit length. Row `i` of the result is row
 * `order[i]` of the input.
 *
 * @throws RangeError if the length is not a multiple of D, or a row has a NaN, an infinity or zero length.
 */
export function normalizeRows(
  embeddings: Float32Array,
  dimensions: number,
  name = 'embeddings',
  order?: Int32Array,
): UnitRows {
  const count = countRows(embeddings, dimensions, name);
  const data = new Float64Array(Math.ceil(count / ROW_MULTIPLE) * ROW_MULTIPLE * dimensions);
  writeUnitRows(data, embeddings, dimensions, order, name);
  return { data, count, dimensions };
}

/**
 * Writes the rows to `out` without padding, scaled to unit length in double precision.
 *
 * @throws RangeError if a row has a NaN, an infinity or zero length.
 */
export function writeUnitRows(
  out: Float64Array | Float32Array,
  embeddings: Float32Array,
  dimensions: number,
  order?: Int32Array,
  name = 'embeddings',
): void {
  const count = embeddings.length / dimensions;
  for (let i = 0; i < count; i++) {
    const row = order ? order[i] : i;
    const from = row * dimensions;
    let squares = 0;
    for (let d = 0; d < dimensions; d++) squares += embeddings[from + d] * embeddings[from + d];
    if (!Number.isFinite(squares)) {
      throw new RangeError(
        `${name}: row ${row} holds a NaN or an infinite value. Every value must be finite.`,
      );
    }
    if (squares === 0) {
      throw new RangeError(
        `${name}: row ${row} has zero length, so its cosine is undefined. ` +
          'Remove the row, or check whether the model has collapsed to zero.',
      );
    }
    const scale = 1 / Math.sqrt(squares);
    const to = i * dimensions;
    for (let d = 0; d < dimensions; d++) out[to + d] = embeddings[from + d] * scale;
  }
}

/** Returns the number of rows. @throws RangeError if the length is not a multiple of `dimensions`. */
export function countRows(embeddings: Float32Array, dimensions: number, name = 'embeddings'): number {
  if (!Number.isInteger(dimensions) || dimensions < 1) {
    throw new RangeError(`dimensions must be an integer of at least 1, got ${dimensions}.`);
  }
  if (embeddings.length % dimensions !== 0) {
    throw new RangeError(
      `${name} has ${embeddings.length} values, which is not a whole number of rows of ${dimensions}. ` +
        'Expected N × dimensions values in row-major order.',
    );
  }
  return embeddings.length / dimensions;
}

/** @throws RangeError if there is not one label per row. */
export function checkLabels(labels: Int32Array, rows: number, name = 'labels'): void {
  if (labels.length !== rows) {
    throw new RangeError(
      `${name} has ${labels.length} entries for ${rows} rows. Expected one label per row.`,
    );
  }
}
