// What follows the sums of a convolution while its values are in cache: a bias, another tensor, an activation.
import {
  GELU, HARD_SIGMOID, HARD_SWISH, NONE, PRELU, QUICK_GELU, RELU, RELU6, SIGMOID, SILU,
} from './activation-codes.generated';
import { activate1, activate4 } from './simd';

/** y[rows,c] = activation(y + bias[c] + added[rows,c]); bias, added and slope[c] may be null. */
export function finishRows(y: usize, rows: i32, c: i32, bias: usize, code: i32, slope: usize, added: usize): void {
  if (code == NONE && !bias && !added) return;
  // A code that is constant in each call leaves one activation in each loop.
  if (code == RELU) finishOf(y, rows, c, bias, RELU, slope, added);
  else if (code == HARD_SWISH) finishOf(y, rows, c, bias, HARD_SWISH, slope, added);
  else if (code == HARD_SIGMOID) finishOf(y, rows, c, bias, HARD_SIGMOID, slope, added);
  else if (code == RELU6) finishOf(y, rows, c, bias, RELU6, slope, added);
  else if (code == SILU) finishOf(y, rows, c, bias, SILU, slope, added);
  else if (code == SIGMOID) finishOf(y, rows, c, bias, SIGMOID, slope, added);
  else if (code == PRELU) finishOf(y, rows, c, bias, PRELU, slope, added);
  else if (code == GELU) finishOf(y, rows, c, bias, GELU, slope, added);
  else if (code == QUICK_GELU) finishOf(y, rows, c, bias, QUICK_GELU, slope, added);
  else finishOf(y, rows, c, bias, NONE, slope, added);
}

@inline
function finish4(z: v128, code: i32, slope: usize): v128 {
  if (code == PRELU) {
    return v128.bitselect(z, f32x4.mul(z, v128.load(slope)), f32x4.gt(z, f32x4.splat(0)));
  }
  return activate4(z, code);
}

@inline
function finish1(z: f32, code: i32, slope: usize): f32 {
  if (code == PRELU) return z > 0 ? z : z * load<f32>(slope);
  return activate1(z, code);
}

@inline
function finishOf(y: usize, rows: i32, c: i32, bias: usize, code: i32, slope: usize, added: usize): void {
  const bytes = <usize>c << 2;
  const vector = bytes & ~15;
  for (let r = 0; r < rows; r++) {
    let i: usize = 0;
    for (; i < vector; i += 16) {
      let z = v128.load(y + i);
      if (bias) z = f32x4.add(z, v128.load(bias + i));
      if (added) z = f32x4.add(z, v128.load(added + i));
      v128.store(y + i, finish4(z, code, slope + i));
    }
    for (; i < bytes; i += 4) {
      let z = load<f32>(y + i);
      if (bias) z += load<f32>(bias + i);
      if (added) z += load<f32>(added + i);
      store<f32>(y + i, finish1(z, code, slope + i));
    }
    y += bytes;
    if (added) added += bytes;
  }
}

/** y = activation(a + b) over count floats; code selects the activation. */
export function addActivation(a: usize, b: usize, count: i32, code: i32, y: usize): void {
  const bytes = <usize>count << 2;
  const vector = bytes & ~15;
  let i: usize = 0;
  for (; i < vector; i += 16) v128.store(y + i, activate4(f32x4.add(v128.load(a + i), v128.load(b + i)), code));
  for (; i < bytes; i += 4) store<f32>(y + i, activate1(load<f32>(a + i) + load<f32>(b + i), code));
}
