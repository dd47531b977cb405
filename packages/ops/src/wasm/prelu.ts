import type * as tf from '@tensorflow/tfjs-core';
import { rowsOf } from '../check.js';
import type { Kernel } from '../define-op.js';
import { wasmRuntime } from './runtime.js';

export const preluWasm: Kernel<{ x: tf.Tensor; slope: tf.Tensor1D }, object> = ({
  inputs: { x, slope },
  backend,
}) => {
  const runtime = wasmRuntime(backend);
  const y = runtime.output(x.shape);
  const [xAt, slopeAt] = [runtime.pointer(x), runtime.pointer(slope)];
  runtime.kernels.prelu(xAt, rowsOf(x), slope.shape[0], slopeAt, runtime.pointer(y));
  return y;
};

export const preluGradInputWasm: Kernel<{ x: tf.Tensor; slope: tf.Tensor1D; dy: tf.Tensor }, object> = ({
  inputs: { x, slope, dy },
  backend,
}) => {
  const runtime = wasmRuntime(backend);
  const dx = runtime.output(x.shape);
  const [xAt, dyAt, slopeAt] = [runtime.pointer(x), runtime.pointer(dy), runtime.pointer(slope)];
  runtime.kernels.preluGradInput(xAt, dyAt, rowsOf(x), slope.shape[0], slopeAt, runtime.pointer(dx));
  return dx;
};

export const preluGradSlopeWasm: Kernel<{ x: tf.Tensor; dy: tf.Tensor }, object> = ({
  inputs: { x, dy },
  backend,
}) => {
  const runtime = wasmRuntime(backend);
  const channels = x.shape[x.rank - 1]!;
  const dslope = runtime.output([channels]);
  const [xAt, dyAt, to] = [runtime.pointer(x), runtime.pointer(dy), runtime.pointer(dslope)];
  runtime.withScratch(channels * 8, (sums) =>
    runtime.kernels.preluGradSlope(xAt, dyAt, rowsOf(x), channels, to, sums),
  );
  return dslope;
};
