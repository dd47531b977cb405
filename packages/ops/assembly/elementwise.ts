import { activate1, activate4, activateGrad1, activateGrad4 } from './simd';

/** y = activation(x) over count floats; code selects the activation. */
export function activation(x: usize, count: i32, code: i32, y: usize): void {
  const bytes = <usize>count << 2;
  const vector = bytes & ~15;
  let i: usize = 0;
  for (; i < vector; i += 16) v128.store(y + i, activate4(v128.load(x + i), code));
  for (; i < bytes; i += 4) store<f32>(y + i, activate1(load<f32>(x + i), code));
}

/** dx = dy·activation'(x) over count floats; code selects the activation. */
export function activationGrad(x: usize, dy: usize, count: i32, code: i32, dx: usize): void {
  const bytes = <usize>count << 2;
  const vector = bytes & ~15;
  let i: usize = 0;
  for (; i < vector; i += 16) v128.store(dx + i, activateGrad4(v128.load(dy + i), v128.load(x + i), code));
  for (; i < bytes; i += 4) store<f32>(dx + i, activateGrad1(load<f32>(dy + i), load<f32>(x + i), code));
}
