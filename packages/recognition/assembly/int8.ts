/** Bytes of the query for 16 bytes of a row. */
const STEP: usize = ASC_FEATURE_RELAXED_SIMD ? 16 : 32;

/** Adds the products of 16 bytes of a row with those of the query to acc. */
@inline
function dot(acc: v128, row: usize, query: usize): v128 {
  if (ASC_FEATURE_RELAXED_SIMD) {
    // V8 11.3 computes i32x4.relaxed_dot_i8x16_i7x16_add_s wrongly until it has optimized the code.
    const pairs = i16x8.relaxed_dot_i8x16_i7x16_s(v128.load(row), v128.load(query));
    return i32x4.add(acc, i32x4.extadd_pairwise_i16x8_s(pairs));
  }
  acc = i32x4.add(acc, i32x4.dot_i16x8_s(v128.load_ext<i8>(row), v128.load(query)));
  return i32x4.add(acc, i32x4.dot_i16x8_s(v128.load_ext<i8>(row, 8), v128.load(query, 16)));
}

/** Returns the products of four interleaved rows with the query. */
@inline
export function multiplyInt8(rows: usize, bytes: i32, query: usize): v128 {
  let a = i32x4.splat(0), b = a, c = a, d = a;
  for (const end = rows + (<usize>bytes << 2); rows < end; rows += 64) {
    a = dot(a, rows, query);
    b = dot(b, rows + 16, query);
    c = dot(c, rows + 32, query);
    d = dot(d, rows + 48, query);
    query += STEP;
  }
  const ab = i32x4.add(v128.shuffle<i32>(a, b, 0, 4, 1, 5), v128.shuffle<i32>(a, b, 2, 6, 3, 7));
  const cd = i32x4.add(v128.shuffle<i32>(c, d, 0, 4, 1, 5), v128.shuffle<i32>(c, d, 2, 6, 3, 7));
  return i32x4.add(v128.shuffle<i32>(ab, cd, 0, 1, 4, 5), v128.shuffle<i32>(ab, cd, 2, 3, 6, 7));
}
