import { sizeOf } from './host-tensor.js';
import type { Random } from './random.js';

/** Returns an array filled with one value. */
export function constant(shape: number[], value: number): Float32Array {
  return new Float32Array(sizeOf(shape)).fill(value);
}

/** Draws from N(mean, std). */
export function normal(shape: number[], random: Random, mean = 0, std = 1): Float32Array {
  return fill(shape, () => random.normal(mean, std));
}

/** Draws from U(−bound, bound). */
export function uniform(shape: number[], random: Random, bound: number): Float32Array {
  return fill(shape, () => random.uniform(-bound, bound));
}

/** Draws from N(0, sqrt(2 / fanOut)) (He et al., 2015), timm's initialization of EfficientNet's convolutions. */
export function kaimingNormalFanOut(shape: number[], random: Random, fanOut: number): Float32Array {
  return normal(shape, random, 0, Math.sqrt(2 / fanOut));
}

/** Draws a convolution's weights from N(0, std), by default with kaimingNormalFanOut's std. */
export function convolutionWeights(
  shape: number[],
  random: Random,
  fanOut: number,
  std?: number,
): Float32Array {
  return std === undefined ? kaimingNormalFanOut(shape, random, fanOut) : normal(shape, random, 0, std);
}

/** Draws from U(±1 / sqrt(fanIn)), PyTorch's default for Linear. */
export function linearDefault(shape: number[], random: Random, fanIn: number): Float32Array {
  return uniform(shape, random, 1 / Math.sqrt(fanIn));
}

// A plain loop: Float32Array.from takes several times as long, which matters for 100 million weights.
function fill(shape: number[], draw: () => number): Float32Array {
  const values = new Float32Array(sizeOf(shape));
  for (let i = 0; i < values.length; i++) values[i] = draw();
  return values;
}
