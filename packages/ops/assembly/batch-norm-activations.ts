// The passes of batch norm once for each activation. One function would choose by its code once, but the optimizer folds
// such branches together again and asks at every value: half the speed.
import { affineOf, gradInputOf, gradSumsOf, PRELU } from './batch-norm';

export function affine0(x: usize, m: i32, c: i32, a: usize, b: usize, y: usize): void {
  affineOf(x, m, c, a, b, 0, y);
}

export function affine1(x: usize, m: i32, c: i32, a: usize, b: usize, y: usize): void {
  affineOf(x, m, c, a, b, 1, y);
}

export function affine2(x: usize, m: i32, c: i32, a: usize, b: usize, y: usize): void {
  affineOf(x, m, c, a, b, 2, y);
}

export function affine3(x: usize, m: i32, c: i32, a: usize, b: usize, y: usize): void {
  affineOf(x, m, c, a, b, 3, y);
}

export function affine4(x: usize, m: i32, c: i32, a: usize, b: usize, y: usize): void {
  affineOf(x, m, c, a, b, 4, y);
}

export function affine5(x: usize, m: i32, c: i32, a: usize, b: usize, y: usize): void {
  affineOf(x, m, c, a, b, 5, y);
}

export function affine6(x: usize, m: i32, c: i32, a: usize, b: usize, y: usize): void {
  affineOf(x, m, c, a, b, 6, y);
}

export function affinePrelu(x: usize, m: i32, c: i32, a: usize, b: usize, y: usize, slope: usize): void {
  affineOf(x, m, c, a, b, PRELU, y, slope);
}

export function batchNormGradSums0(
  x: usize, dy: usize, m: i32, c: i32, a: usize, b: usize, mean: usize, invStd: usize,
  dgamma: usize, dbeta: usize, scratch: usize,
): void {
  gradSumsOf(x, dy, m, c, a, b, mean, invStd, 0, dgamma, dbeta, scratch);
}

export function batchNormGradSums1(
  x: usize, dy: usize, m: i32, c: i32, a: usize, b: usize, mean: usize, invStd: usize,
  dgamma: usize, dbeta: usize, scratch: usize,
): void {
  gradSumsOf(x, dy, m, c, a, b, mean, invStd, 1, dgamma, dbeta, scratch);
}

export function batchNormGradSums2(
  x: usize, dy: usize, m: i32, c: i32, a: usize, b: usize, mean: usize, invStd: usize,
  dgamma: usize, dbeta: usize, scratch: usize,
): void {
  gradSumsOf(x, dy, m, c, a, b, mean, invStd, 2, dgamma, dbeta, scratch);
}

export function batchNormGradSums3(
  x: usize, dy: usize, m: i32, c: i32, a: usize, b: usize, mean: usize, invStd: usize,
  dgamma: usize, dbeta: usize, scratch: usize,
): void {
  gradSumsOf(x, dy, m, c, a, b, mean, invStd, 3, dgamma, dbeta, scratch);
}

export function batchNormGradSums4(
  x: usize, dy: usize, m: i32, c: i32, a: usize, b: usize, mean: usize, invStd: usize,
  dgamma: usize, dbeta: usize, scratch: usize,
): void {
  gradSumsOf(x, dy, m, c, a, b, mean, invStd, 4, dgamma, dbeta, scratch);
}

export function batchNormGradSums5(
  x: usize, dy: usize, m: i32, c: i32, a: usize, b: usize, mean: usize, invStd: usize,
  dgamma: usize, dbeta: usize, scratch: usize,
): void {
  gradSumsOf(x, dy, m, c, a, b, mean, invStd, 5, dgamma, dbeta, scratch);
}

export function batchNormGradSums6(
  x: usize, dy: usize, m: i32, c: i32, a: usize, b: usize, mean: usize, invStd: usize,
  dgamma: usize, dbeta: usize, scratch: usize,
): void {
  gradSumsOf(x, dy, m, c, a, b, mean, invStd, 6, dgamma, dbeta, scratch);
}

export function batchNormGradSumsPrelu(
  x: usize, dy: usize, m: i32, c: i32, a: usize, b: usize, mean: usize, invStd: usize,
  dgamma: usize, dbeta: usize, scratch: usize, slope: usize, dslope: usize,
): void {
  gradSumsOf(x, dy, m, c, a, b, mean, invStd, PRELU, dgamma, dbeta, scratch, slope, dslope);
}

export function batchNormGradInput0(
  x: usize, dy: usize, m: i32, c: i32, a: usize, b: usize, p: usize, q: usize, dx: usize,
): void {
  gradInputOf(x, dy, m, c, a, b, p, q, 0, dx);
}

export function batchNormGradInput1(
  x: usize, dy: usize, m: i32, c: i32, a: usize, b: usize, p: usize, q: usize, dx: usize,
): void {
  gradInputOf(x, dy, m, c, a, b, p, q, 1, dx);
}

export function batchNormGradInput2(
  x: usize, dy: usize, m: i32, c: i32, a: usize, b: usize, p: usize, q: usize, dx: usize,
): void {
  gradInputOf(x, dy, m, c, a, b, p, q, 2, dx);
}

export function batchNormGradInput3(
  x: usize, dy: usize, m: i32, c: i32, a: usize, b: usize, p: usize, q: usize, dx: usize,
): void {
  gradInputOf(x, dy, m, c, a, b, p, q, 3, dx);
}

export function batchNormGradInput4(
  x: usize, dy: usize, m: i32, c: i32, a: usize, b: usize, p: usize, q: usize, dx: usize,
): void {
  gradInputOf(x, dy, m, c, a, b, p, q, 4, dx);
}

export function batchNormGradInput5(
  x: usize, dy: usize, m: i32, c: i32, a: usize, b: usize, p: usize, q: usize, dx: usize,
): void {
  gradInputOf(x, dy, m, c, a, b, p, q, 5, dx);
}

export function batchNormGradInput6(
  x: usize, dy: usize, m: i32, c: i32, a: usize, b: usize, p: usize, q: usize, dx: usize,
): void {
  gradInputOf(x, dy, m, c, a, b, p, q, 6, dx);
}

export function batchNormGradInputPrelu(
  x: usize, dy: usize, m: i32, c: i32, a: usize, b: usize, p: usize, q: usize, dx: usize, slope: usize,
): void {
  gradInputOf(x, dy, m, c, a, b, p, q, PRELU, dx, slope);
}
