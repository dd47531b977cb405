import type * as tf from '@tensorflow/tfjs-core';
import type { Kernel } from '../define-op.js';
import { forEachValue } from './elementwise.js';
import { type WebGpuRuntime, webGpuRuntime } from './runtime.js';

/** Returns WGSL that rounds the bits v of a float, of type T (`u32` or `vec4u`), to a number of stored bits of significand. */
export function roundedBits(v: string, bits: number, T: string): string {
  const drop = 23 - bits;
  const constant = (value: number) => `${T}(${value >>> 0}u)`;
  const carried = `${v} + ${constant(2 ** (drop - 1) - 1)} + ((${v} >> ${constant(drop)}) & ${constant(1)})`;
  return `select((${carried}) & ${constant(-(2 ** drop))}, ${constant(0x7fc00000)}, (${v} & ${constant(0x7fffffff)}) > ${constant(0x7f800000)})`;
}

/** Creates a tensor of the rounded values of x. */
export function roundTensor(runtime: WebGpuRuntime, x: tf.TensorInfo, bits: number): tf.TensorInfo {
  const y = runtime.output(x.shape);
  forEachValue(runtime, {
    key: `round ${bits}`,
    tensors: { x, y },
    written: ['y'],
    // As bits: a device may change denormals and NaN when it loads floats.
    bits: true,
    body: (T) => `y[i] = ${roundedBits('x[i]', bits, T)};`,
  });
  return y;
}

export const roundWebGpu: Kernel<{ x: tf.Tensor }, { bits: number }> = ({
  inputs: { x },
  attrs: { bits },
  backend,
}) => roundTensor(webGpuRuntime(backend), x, bits);
