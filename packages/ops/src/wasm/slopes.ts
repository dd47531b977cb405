import type * as tf from '@tensorflow/tfjs-core';
import type { Pointer } from './pointer.js';
import type { WasmRuntime } from './runtime.js';

/** Calls fn with the address of one slope for each channel: a single slope is repeated in scratch memory. */
export function withSlopes<T>(
  runtime: WasmRuntime,
  slope: tf.TensorInfo,
  channels: number,
  fn: (slopes: Pointer) => T,
): T {
  if (slope.shape[0] === channels) return fn(runtime.pointer(slope));
  return runtime.withScratch(4 * channels, (slopes) => {
    runtime.floats(slopes, channels).fill(runtime.floats(runtime.pointer(slope), 1)[0]);
    return fn(slopes);
  });
}

/**
 * Returns the gradient of `slopes` slopes, one or one for each channel.
 * @param fn Writes the gradient for each channel to an address.
 */
export function slopeGradient(
  runtime: WasmRuntime,
  slopes: number,
  channels: number,
  fn: (dslopes: Pointer) => void,
): tf.TensorInfo {
  const dslope = runtime.output([slopes]);
  if (slopes === channels) fn(runtime.pointer(dslope));
  else {
    runtime.withScratch(4 * channels, (dslopes) => {
      fn(dslopes);
      const sum = runtime.floats(dslopes, channels).reduce((total, value) => total + value, 0);
      runtime.floats(runtime.pointer(dslope), 1)[0] = sum;
    });
  }
  return dslope;
}
