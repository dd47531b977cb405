import type * as tf from '@tensorflow/tfjs-core';
import { rowsOf } from '../check.js';
import type { Kernel } from '../define-op.js';
import { wasmRuntime } from './runtime.js';
import { slopeGradient, withSlopes } from './slopes.js';

const channelsOf = ({ shape }: tf.TensorInfo) => shape[shape.length - 1];

export const preluWasm: Kernel<{ x: tf.Tensor; slope: tf.Tensor1D }, object> = ({
  inputs: { x, slope },
  backend,
}) => {
  const runtime = wasmRuntime(backend);
  const channels = channelsOf(x);
  const y = runtime.output(x.shape);
  withSlopes(runtime, slope, channels, (slopeAt) =>
    runtime.kernels.prelu(runtime.pointer(x), rowsOf(x), channels, slopeAt, runtime.pointer(y)),
  );
  return y;
};

export const preluGradInputWasm: Kernel<{ x: tf.Tensor; slope: tf.Tensor1D; dy: tf.Tensor }, object> = ({
  inputs: { x, slope, dy },
  backend,
}) => {
  const runtime = wasmRuntime(backend);
  const channels = channelsOf(x);
  const dx = runtime.output(x.shape);
  const [xAt, dyAt, dxAt] = [runtime.pointer(x), runtime.pointer(dy), runtime.pointer(dx)];
  withSlopes(runtime, slope, channels, (slopeAt) =>
    runtime.kernels.preluGradInput(xAt, dyAt, rowsOf(x), channels, slopeAt, dxAt),
  );
  return dx;
};

export const preluGradSlopeWasm: Kernel<{ x: tf.Tensor; dy: tf.Tensor }, { slopes: number }> = ({
  inputs: { x, dy },
  attrs: { slopes },
  backend,
}) => {
  const runtime = wasmRuntime(backend);
  const channels = channelsOf(x);
  const [xAt, dyAt] = [runtime.pointer(x), runtime.pointer(dy)];
  return slopeGradient(runtime, slopes, channels, (dslopeAt) =>
    runtime.withScratch(channels * 8, (sums) =>
      runtime.kernels.preluGradSlope(xAt, dyAt, rowsOf(x), channels, dslopeAt, sums),
    ),
  );
};
