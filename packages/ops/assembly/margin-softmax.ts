// The margin softmax over class centers, one block of classes at a time. The cosines of a block stay in cache between the
// product that computes them and the two that use them, and the whole matrix of logits never exists.
import { gemm, gemmScratchBytes } from './gemm';
import { dot, exp1, exp4, max4, sum4 } from './simd';

/** Classes of a block. */
const BLOCK: i32 = 128;
// As in src/margin-softmax-attrs.ts.
const NO_COLUMN: f32 = -1e30;
const SMALLEST_NORM: f32 = 1e-12;

/** Returns the bytes of scratch memory for b rows. */
export function marginSoftmaxScratchBytes(b: i32): i32 {
  return gemmScratchBytes() + (b + 1) * BLOCK * 4;
}

/** cosines[b, count] of the unit rows e[b,d] with the centers w[count,d], by their inverse norms. */
function cosinesOfBlock(
  e: usize, b: i32, d: i32, w: usize, count: i32, inverseNorms: usize, cosines: usize, scratch: usize,
): void {
  gemm(0, 1, b, count, d, e, d, w, d, cosines, count, 0, 0, scratch);
  const vector = count & ~3;
  for (let row = 0; row < b; row++) {
    let j = 0;
    for (; j < vector; j += 4) {
      const at = cosines + (<usize>j << 2);
      v128.store(at, f32x4.mul(v128.load(at), v128.load(inverseNorms + (<usize>j << 2))));
    }
    for (; j < count; j++) {
      const at = cosines + (<usize>j << 2);
      store<f32>(at, load<f32>(at) * load<f32>(inverseNorms + (<usize>j << 2)));
    }
    cosines += <usize>count << 2;
  }
}

/** Returns four logits; those of filtered cosines are 0. */
@inline
function logits4(cosines: v128, scale: v128, filter: v128, filtering: bool): v128 {
  const logits = f32x4.mul(cosines, scale);
  return filtering ? v128.andnot(logits, f32x4.gt(cosines, filter)) : logits;
}

@inline
function logit1(cosine: f32, scale: f32, filter: f32): f32 {
  return filter > 0 && cosine > filter ? 0 : cosine * scale;
}

/**
 * Computes own[b], rowMax[b], rowSum[b] and inverseNorms[c] of unit rows e[b,d] and centers w[c,d]; labels[b] are columns or
 * -1. kept[b·c], if not null, receives the cosines, one block of classes after another.
 */
export function marginSoftmaxForward(
  e: usize, b: i32, d: i32, w: usize, c: i32, labels: usize, scale: f32, filter: f32,
  own: usize, rowMax: usize, rowSum: usize, inverseNorms: usize, kept: usize, scratch: usize,
): void {
  const rowBytes = <usize>d << 2;
  for (let row = 0; row < b; row++) {
    const at = <usize>row << 2;
    store<f32>(own + at, 0);
    store<f32>(rowMax + at, NO_COLUMN);
    store<f32>(rowSum + at, 0);
  }
  const scale4 = f32x4.splat(scale), filter4 = f32x4.splat(filter);
  const filtering = filter > 0;
  for (let j0 = 0; j0 < c; j0 += BLOCK) {
    const count = min(BLOCK, c - j0);
    const centers = w + <usize>j0 * rowBytes;
    const norms = inverseNorms + (<usize>j0 << 2);
    const cosines = kept ? kept + ((<usize>b * j0) << 2) : scratch + gemmScratchBytes();
    for (let j = 0; j < count; j++) {
      const center = centers + <usize>j * rowBytes;
      store<f32>(norms + (<usize>j << 2), <f32>1 / max<f32>(sqrt<f32>(dot(center, center, d)), SMALLEST_NORM));
    }
    cosinesOfBlock(e, b, d, centers, count, norms, cosines, scratch);
    const vector = count & ~3;
    for (let row = 0; row < b; row++) {
      const line = cosines + ((<usize>row * count) << 2);
      const at = <usize>row << 2;
      const label = load<i32>(labels + at) - j0;
      const here = label >= 0 && label < count;
      const place = line + (<usize>label << 2);
      if (here) {
        store<f32>(own + at, load<f32>(place));
        // Excludes the label's column: the value is far below every logit, and the filter keeps it.
        store<f32>(place, NO_COLUMN);
      }
      let highest4 = f32x4.splat(NO_COLUMN);
      let j = 0;
      for (; j < vector; j += 4) {
        highest4 = f32x4.pmax(highest4, logits4(v128.load(line + (<usize>j << 2)), scale4, filter4, filtering));
      }
      let highest = max4(highest4);
      for (; j < count; j++) highest = max<f32>(highest, logit1(load<f32>(line + (<usize>j << 2)), scale, filter));
      const before = load<f32>(rowMax + at);
      highest = max<f32>(highest, before);
      if (highest <= NO_COLUMN) {
        // No column but the label's so far.
        if (here) store<f32>(place, load<f32>(own + at));
        continue;
      }
      const shift = f32x4.splat(highest);
      let total4 = f32x4.splat(0);
      for (j = 0; j < vector; j += 4) {
        const logits = logits4(v128.load(line + (<usize>j << 2)), scale4, filter4, filtering);
        total4 = f32x4.add(total4, exp4(f32x4.sub(logits, shift)));
      }
      let total = sum4(total4);
      for (; j < count; j++) total += exp1(logit1(load<f32>(line + (<usize>j << 2)), scale, filter) - highest);
      store<f32>(rowSum + at, load<f32>(rowSum + at) * exp1(before - highest) + total);
      store<f32>(rowMax + at, highest);
      if (here) store<f32>(place, load<f32>(own + at));
    }
  }
}

/**
 * Computes the gradients dE[b,d] and dW[c,d] of the mean loss. The gradient of a cosine is ownGradient[row] in the label's
 * column and softmax · factor in all others, with softmax = exp(scale · cosine - logSumExp[row]). kept, if not null, is that
 * of the forward pass.
 */
export function marginSoftmaxBackward(
  e: usize, b: i32, d: i32, w: usize, c: i32, labels: usize, inverseNorms: usize, logSumExp: usize, ownGradient: usize,
  scale: f32, filter: f32, factor: f32, kept: usize, dE: usize, dW: usize, scratch: usize,
): void {
  const gradients = scratch + gemmScratchBytes();
  const along = gradients + ((<usize>b * BLOCK) << 2);
  const rowBytes = <usize>d << 2;
  const vectorD = rowBytes & ~15;
  const scale4 = f32x4.splat(scale), filter4 = f32x4.splat(filter), factor4 = f32x4.splat(factor);
  const filtering = filter > 0;
  memory.fill(dE, 0, <usize>b * rowBytes);
  for (let j0 = 0; j0 < c; j0 += BLOCK) {
    const count = min(BLOCK, c - j0);
    const vector = count & ~3;
    let centers = w + <usize>j0 * rowBytes;
    const norms = inverseNorms + (<usize>j0 << 2);
    const cosines = kept ? kept + ((<usize>b * j0) << 2) : gradients;
    if (!kept) cosinesOfBlock(e, b, d, centers, count, norms, cosines, scratch);
    memory.fill(along, 0, <usize>count << 2);
    // Cosines become their gradients, divided by the center's norm; along[j] sums the component along center j.
    for (let row = 0; row < b; row++) {
      const line = cosines + ((<usize>row * count) << 2);
      const out = gradients + ((<usize>row * count) << 2);
      const label = load<i32>(labels + (<usize>row << 2)) - j0;
      const here = label >= 0 && label < count;
      const place = line + (<usize>label << 2);
      const own = here ? load<f32>(place) : 0;
      // Low enough for an exponential of 0.
      if (here) store<f32>(place, NO_COLUMN);
      const logSum = load<f32>(logSumExp + (<usize>row << 2));
      const logSum4 = f32x4.splat(logSum);
      let j = 0;
      for (; j < vector; j += 4) {
        const at = <usize>j << 2;
        const cosine = v128.load(line + at);
        let g = f32x4.mul(exp4(f32x4.sub(logits4(cosine, scale4, filter4, filtering), logSum4)), factor4);
        if (filtering) g = v128.andnot(g, f32x4.gt(cosine, filter4));
        const known = f32x4.pmax(cosine, f32x4.splat(-2));
        v128.store(along + at, f32x4.add(v128.load(along + at), f32x4.mul(g, known)));
        v128.store(out + at, f32x4.mul(g, v128.load(norms + at)));
      }
      for (; j < count; j++) {
        const at = <usize>j << 2;
        const cosine = load<f32>(line + at);
        let g: f32 = 0;
        if (!(filtering && cosine > filter)) g = exp1(logit1(cosine, scale, filter) - logSum) * factor;
        store<f32>(along + at, load<f32>(along + at) + g * max<f32>(cosine, -2));
        store<f32>(out + at, g * load<f32>(norms + at));
      }
      if (here) {
        const g = load<f32>(ownGradient + (<usize>row << 2));
        const at = <usize>label << 2;
        store<f32>(along + at, load<f32>(along + at) + g * own);
        // Restores the cosine for another pass. Without kept, the gradient below overwrites it.
        store<f32>(place, own);
        store<f32>(out + at, g * load<f32>(norms + at));
      }
    }
    gemm(0, 0, b, d, count, gradients, count, centers, d, dE, d, 1, 0, scratch);
    let out = dW + <usize>j0 * rowBytes;
    gemm(1, 0, count, d, b, gradients, count, e, d, out, d, 0, 0, scratch);
    for (let j = 0; j < count; j++) {
      const norm = load<f32>(norms + (<usize>j << 2));
      const taken = load<f32>(along + (<usize>j << 2)) * norm * norm;
      const taken4 = f32x4.splat(taken);
      let i: usize = 0;
      for (; i < vectorD; i += 16) {
        v128.store(out + i, f32x4.sub(v128.load(out + i), f32x4.mul(v128.load(centers + i), taken4)));
      }
      for (; i < rowBytes; i += 4) store<f32>(out + i, load<f32>(out + i) - load<f32>(centers + i) * taken);
      centers += rowBytes;
      out += rowBytes;
    }
  }
}
