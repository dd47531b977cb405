import type * as tf from '@tensorflow/tfjs-core';
import { floats, type Program, widthOf } from './program.js';
import type { Operand, WebGpuRuntime } from './runtime.js';

/** Computes c[i] = Σ partials[p, first + i] over p, in order; with `add`, c[i] += that sum. */
export function sumParts(
  runtime: WebGpuRuntime,
  partials: tf.TensorInfo,
  {
    parts,
    stride,
    count,
    first = 0,
    add = false,
  }: { parts: number; stride: number; count: number; first?: number; add?: boolean },
  c: Operand,
): void {
  const { workgroupSize } = runtime.tuning;
  const width = widthOf(stride, count, first);
  const T = floats(width);
  const program: Program = {
    key: `sumParts ${width} ${add} ${workgroupSize}`,
    inputs: { partials: T },
    outputs: { c: T },
    uniforms: { count: 'u32', stride: 'u32', parts: 'u32', first: 'u32' },
    workgroupSize,
    body: `
  let i = group * ${workgroupSize}u + local;
  if (i < u.count) {
    var sum = ${add ? 'c[i]' : `${T}()`};
    for (var p = 0u; p < u.parts; p++) { sum += partials[u.first + p * u.stride + i]; }
    c[i] = sum;
  }`,
  };
  const numbers = { count: count / width, stride: stride / width, parts, first: first / width };
  runtime.run(program, { partials, c }, numbers, Math.ceil(count / width / workgroupSize));
}
