import type * as tf from '@tensorflow/tfjs-core';
import type { WasmRuntime } from './runtime.js';

/** Runs fn with the address of a slope for each channel, written out where all share one. */
export function withSlopes<T>(
  runtime: WasmRuntime,
  slope: tf.TensorInfo,
  channels: number,
  fn: (slopeAt: number) => T,
): T {
  if (slope.shape[0] === channels) return fn(runtime.pointer(slope));
  return runtime.withScratch(4 * channels, (at) => {
    runtime.floats(at, channels).fill(runtime.floats(runtime.pointer(slope), 1)[0]);
    return fn(at);
  });
}

/** The gradient for `slopes` slopes, where fn writes that for each channel at an address. */
export function slopeGradient(
  runtime: WasmRuntime,
  slopes: number,
  channels: number,
  fn: (dslopeAt: number) => void,
): tf.TensorInfo {
  const dslope = runtime.output([slopes]);
  if (slopes === channels) fn(runtime.pointer(dslope));
  else {
    runtime.withScratch(4 * channels, (at) => {
      fn(at);
      const sum = runtime.floats(at, channels).reduce((total, value) => total + value, 0);
      runtime.floats(runtime.pointer(dslope), 1)[0] = sum;
    });
  }
  return dslope;
}
