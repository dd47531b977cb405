// Scans a group of rows for those whose cosine with a query may reach a cut. Blocks of four rows are interleaved by 16 bytes,
// so that memory is read in one stream and each load of the query serves four rows.
import { multiplyFloat32 } from './float32';
import { multiplyInt8 } from './int8';

/** Rows that a group has memory for. */
export const GROUP: i32 = 1024;
/** Bytes of one number for each row of a group. */
const COLUMN: usize = 4096;

/**
 * Appends to `out` every row below `count` whose cosine reaches the cut, as pairs (row, int32; cosine, float32).
 * @param rows Unit rows, float32, interleaved.
 * @param bytes Bytes of a row, a multiple of 16.
 * @param query Unit vector, float32.
 * @returns The number of appended pairs.
 */
export function scanFloat32(rows: usize, bytes: i32, count: i32, query: usize, cut: f32, out: usize): i32 {
  const limit = f32x4.splat(cut);
  const start = out;
  for (let row = 0; row < count; row += 4) {
    const cosine = multiplyFloat32(rows, bytes, query);
    if (v128.any_true(f32x4.ge(cosine, limit))) out = append(cosine, cut, row, count, out);
    rows += <usize>bytes << 2;
  }
  return <i32>((out - start) >> 3);
}

/**
 * The same for int8 rows, with the upper bound that a row's rounding leaves instead of the cosine.
 * @param columns Float32 of each row: its scale, its product with the query's zero, and the bound of what rounding changed.
 * @param query 7-bit unsigned integers, 64 for zero; as int16 in the build without relaxed SIMD.
 * @param queryScale Value of one step of the query.
 */
export function scanInt8(
  rows: usize, bytes: i32, columns: usize, count: i32, query: usize, queryScale: f32, cut: f32, out: usize,
): i32 {
  const limit = f32x4.splat(cut), step = f32x4.splat(queryScale);
  const start = out;
  for (let row = 0; row < count; row += 4) {
    const product = f32x4.convert_i32x4_s(multiplyInt8(rows, bytes, query));
    const centered = f32x4.sub(product, v128.load(columns, COLUMN));
    const cosine = f32x4.mul(f32x4.mul(centered, v128.load(columns)), step);
    const upper = f32x4.add(cosine, v128.load(columns, 2 * COLUMN));
    if (v128.any_true(f32x4.ge(upper, limit))) out = append(upper, cut, row, count, out);
    rows += <usize>bytes << 2;
    columns += 16;
  }
  return <i32>((out - start) >> 3);
}

/** Appends the rows of a block that reach the cut. Not inlined, to keep the scanning loops small. */
function append(values: v128, cut: f32, row: i32, count: i32, out: usize): usize {
  out = appendRow(f32x4.extract_lane(values, 0), cut, row, count, out);
  out = appendRow(f32x4.extract_lane(values, 1), cut, row + 1, count, out);
  out = appendRow(f32x4.extract_lane(values, 2), cut, row + 2, count, out);
  return appendRow(f32x4.extract_lane(values, 3), cut, row + 3, count, out);
}

@inline
function appendRow(value: f32, cut: f32, row: i32, count: i32, out: usize): usize {
  if (value < cut || row >= count) return out;
  store<i32>(out, row);
  store<f32>(out, value, 4);
  return out + 8;
}
