import type * as tf from '@tensorflow/tfjs-core';
import type { Kernel } from '../define-op.js';
import { forEachValue } from './elementwise.js';
import { type WebGpuRuntime, webGpuRuntime } from './runtime.js';

/** WGSL of the bits of a float, given as T (`u32` or `vec4u`), rounded to so many stored bits of significand. */
export function roundedBits(v: string, bits: number, T: string): string {
  const drop = 23 - bits;
  const of = (value: number) => `${T}(${value >>> 0}u)`;
  const carried = `${v} + ${of(2 ** (drop - 1) - 1)} + ((${v} >> ${of(drop)}) & ${of(1)})`;
  return `select((${carried}) & ${of(-(2 ** drop))}, ${of(0x7fc00000)}, (${v} & ${of(0x7fffffff)}) > ${of(0x7f800000)})`;
}

/** A new tensor of the values of x, rounded. */
export function rounded(runtime: WebGpuRuntime, x: tf.TensorInfo, bits: number): tf.TensorInfo {
  const y = runtime.output(x.shape);
  forEachValue(runtime, {
    key: `round ${bits}`,
    tensors: { x, y },
    written: ['y'],
    // As bits: denormals and NaN pass through floats as the device likes.
    bits: true,
    body: (T) => `y[i] = ${roundedBits('x[i]', bits, T)};`,
  });
  return y;
}

export const roundWebGpu: Kernel<{ x: tf.Tensor }, { bits: number }> = ({
  inputs: { x },
  attrs: { bits },
  backend,
}) => rounded(webGpuRuntime(backend), x, bits);
