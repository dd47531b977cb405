import type * as tf from '@tensorflow/tfjs-core';
import type { Kernel } from '../define-op.js';
import type { AdamWFactors, SgdFactors, SgdInputs } from '../optimizer-attrs.js';
import { NULL_POINTER } from './pointer.js';
import { wasmRuntime } from './runtime.js';

/**
 * Changes the averages in place and returns a new tensor for the parameter: the stock backend caches packed copies of
 * convolution weights by tensor, which would be stale after a change in place.
 * @returns [parameter], followed by new averages if another tensor shares their data.
 */
export const adamWWasm: Kernel<
  Record<'parameter' | 'gradient' | 'expAvg' | 'expAvgSq', tf.Tensor>,
  AdamWFactors
> = ({ inputs: { parameter, gradient, expAvg, expAvgSq }, attrs: f, backend }) => {
  const runtime = wasmRuntime(backend);
  const updated = runtime.output(parameter.shape);
  const isShared = runtime.isShared(expAvg) || runtime.isShared(expAvgSq);
  const average = isShared ? runtime.copy(expAvg) : expAvg;
  const squareAverage = isShared ? runtime.copy(expAvgSq) : expAvgSq;
  runtime.kernels.adamW(
    runtime.pointer(parameter),
    runtime.pointer(gradient),
    runtime.pointer(average),
    runtime.pointer(squareAverage),
    parameter.size,
    runtime.pointer(updated),
    f.gradientScale,
    f.beta1,
    f.beta2,
    1 - f.beta1,
    1 - f.beta2,
    f.stepSize,
    f.inverseRootCorrection2,
    f.eps,
    f.kept,
  );
  return isShared ? [updated, average, squareAverage] : [updated];
};

/** @returns [parameter], followed by a new momentum buffer if another tensor shares its data. */
export const sgdWasm: Kernel<SgdInputs, SgdFactors> = ({
  inputs: { parameter, gradient, buffer },
  attrs: f,
  backend,
}) => {
  const runtime = wasmRuntime(backend);
  const updated = runtime.output(parameter.shape);
  const copy = buffer && runtime.isShared(buffer) ? runtime.copy(buffer) : undefined;
  const changed = copy ?? buffer;
  runtime.kernels.sgd(
    runtime.pointer(parameter),
    runtime.pointer(gradient),
    changed ? runtime.pointer(changed) : NULL_POINTER,
    parameter.size,
    runtime.pointer(updated),
    f.gradientScale,
    f.weightDecay,
    f.momentum,
    f.kept,
    f.entering,
    +f.nesterov,
    f.lr,
  );
  return copy ? [updated, copy] : [updated];
};

export const sumSquaresWasm: Kernel<{ x: tf.Tensor }, object> = ({ inputs: { x }, backend }) => {
  const runtime = wasmRuntime(backend);
  const sum = runtime.kernels.sumSquares(runtime.pointer(x), x.size);
  const out = runtime.output([]);
  runtime.floats(runtime.pointer(out), 1)[0] = sum;
  return out;
};

export const sumSquaresOfEachWasm: Kernel<{ [index: string]: tf.Tensor }, object> = ({ inputs, backend }) => {
  const runtime = wasmRuntime(backend);
  const sums = Object.values(inputs).map((x) => runtime.kernels.sumSquares(runtime.pointer(x), x.size));
  const out = runtime.output([sums.length]);
  runtime.floats(runtime.pointer(out), sums.length).set(sums);
  return out;
};
