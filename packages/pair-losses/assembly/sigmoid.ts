// Rows of sigmoids in the memory of the TensorFlow.js backend; see rows.ts.
import { exp1, exp4, high2, sum2 } from './simd';

let shares: f64 = 0;
let products: f64 = 0;
// The product of the factors so far is fraction · 2^exponent.
let fraction: f64 = 1;
let exponent: f64 = 0;

/**
 * x = sigmoid(factor · x + bias) over n floats. Returns the sum of log(1 + exp(factor · x + bias)). `sumOfShares` and
 * `sumOfProducts` then return the sums of the new values, and of their products with x.
 */
export function sigmoids(x: usize, n: i32, factor: f32, bias: f32): f64 {
  const bytes = <usize>n << 2;
  const vector = bytes & ~15;
  let i: usize = 0;
  let excess: f64 = 0;
  shares = 0;
  products = 0;
  fraction = 1;
  exponent = 0;
  while (i < vector) {
    // Sums of logarithms are logarithms of products. A factor is below 2^116, so that eight fit in a double.
    const until = min<usize>(vector, i + 128);
    let sums = f32x4.splat(0);
    let weighted = f32x4.splat(0);
    let above = f32x4.splat(0);
    let a = f64x2.splat(1);
    let b = f64x2.splat(1);
    for (; i < until; i += 16) {
      const v = v128.load(x + i);
      const logit = f32x4.add(f32x4.mul(v, f32x4.splat(factor)), f32x4.splat(bias));
      const clipped = f32x4.pmin(logit, f32x4.splat(80));
      above = f32x4.add(above, f32x4.sub(f32x4.pmax(logit, f32x4.splat(80)), f32x4.splat(80)));
      const term = exp4(clipped);
      a = f64x2.mul(a, f64x2.add(f64x2.promote_low_f32x4(term), f64x2.splat(1)));
      b = f64x2.mul(b, f64x2.add(high2(term), f64x2.splat(1)));
      const share = f32x4.div(term, f32x4.add(term, f32x4.splat(1)));
      v128.store(x + i, share);
      sums = f32x4.add(sums, share);
      weighted = f32x4.add(weighted, f32x4.mul(share, v));
    }
    multiply(f64x2.extract_lane(a, 0));
    multiply(f64x2.extract_lane(a, 1));
    multiply(f64x2.extract_lane(b, 0));
    multiply(f64x2.extract_lane(b, 1));
    shares += sum2(f64x2.add(f64x2.promote_low_f32x4(sums), high2(sums)));
    products += sum2(f64x2.add(f64x2.promote_low_f32x4(weighted), high2(weighted)));
    excess += sum2(f64x2.add(f64x2.promote_low_f32x4(above), high2(above)));
  }
  for (; i < bytes; i += 4) {
    const v = load<f32>(x + i);
    const logit = v * factor + bias;
    const clipped = min<f32>(logit, 80);
    const term = exp1(clipped);
    const share = term / (term + 1);
    store<f32>(x + i, share);
    excess += <f64>(max<f32>(logit, 80) - 80);
    multiply(<f64>term + 1);
    shares += <f64>share;
    products += <f64>share * <f64>v;
  }
  return excess + exponent * 0.6931471805599453 + logOf(fraction);
}

/** The sum of the values that `sigmoids` wrote. */
export function sumOfShares(): f64 {
  return shares;
}

/** The sum of x · sigmoid of the last call of `sigmoids`. */
export function sumOfProducts(): f64 {
  return products;
}

/** Multiplies fraction · 2^exponent by a factor of at least 1. */
function multiply(factor: f64): void {
  fraction = withoutExponent(fraction * withoutExponent(factor));
}

/** Adds the exponent of a number of at least 1 to `exponent`; returns the rest, in [1, 2). */
function withoutExponent(value: f64): f64 {
  const bits = reinterpret<i64>(value);
  exponent += <f64>(((bits >> 52) & 0x7ff) - 1023);
  return reinterpret<f64>((bits & 0xfffffffffffff) | 0x3ff0000000000000);
}

/** Returns the logarithm of a number in [1, 2): 2 artanh((x - 1) / (x + 1)) by its series, to double precision. */
@inline
function logOf(x: f64): f64 {
  const s = (x - 1) / (x + 1);
  const square = s * s;
  let sum: f64 = 0;
  for (let k: f64 = 33; k > 0; k -= 2) sum = sum * square + 1 / k;
  return 2 * s * sum;
}
