/** Multiplies and adds: a * b + acc, with one rounding where the engine has relaxed SIMD. */
@inline
function madd(acc: v128, a: v128, b: v128): v128 {
  if (ASC_FEATURE_RELAXED_SIMD) return f32x4.relaxed_madd(a, b, acc);
  return f32x4.add(acc, f32x4.mul(a, b));
}

/** Returns the products of four interleaved rows with the query. */
@inline
export function multiplyFloat32(rows: usize, bytes: i32, query: usize): v128 {
  let a = f32x4.splat(0), b = a, c = a, d = a;
  for (const end = query + <usize>bytes; query < end; query += 16) {
    const q = v128.load(query);
    a = madd(a, v128.load(rows), q);
    b = madd(b, v128.load(rows, 16), q);
    c = madd(c, v128.load(rows, 32), q);
    d = madd(d, v128.load(rows, 48), q);
    rows += 64;
  }
  const ab = f32x4.add(v128.shuffle<f32>(a, b, 0, 4, 1, 5), v128.shuffle<f32>(a, b, 2, 6, 3, 7));
  const cd = f32x4.add(v128.shuffle<f32>(c, d, 0, 4, 1, 5), v128.shuffle<f32>(c, d, 2, 6, 3, 7));
  return f32x4.add(v128.shuffle<f32>(ab, cd, 0, 1, 4, 5), v128.shuffle<f32>(ab, cd, 2, 3, 6, 7));
}
