import type * as tf from '@tensorflow/tfjs-core';
import type { Kernel } from '../define-op.js';
import type { AdamWFactors, SgdFactors, SgdInputs } from '../optimizer-updates.js';
import { wasmRuntime } from './runtime.js';

/**
 * The averages change where they lie. The parameter gets a new tensor: the stock backend keeps packed copies of
 * convolution weights by tensor, which a change in place would leave behind.
 */
export const adamWWasm: Kernel<
  Record<'parameter' | 'gradient' | 'expAvg' | 'expAvgSq', tf.Tensor>,
  AdamWFactors
> = ({ inputs: { parameter, gradient, expAvg, expAvgSq }, attrs: f, backend }) => {
  const runtime = wasmRuntime(backend);
  const updated = runtime.output(parameter.shape);
  // A clone shares its data: averages that someone else holds too are copied before they change.
  const shared = runtime.isShared(expAvg) || runtime.isShared(expAvgSq);
  const averages = shared ? [runtime.copy(expAvg), runtime.copy(expAvgSq)] : [expAvg, expAvgSq];
  runtime.kernels.adamW(
    ...[parameter, gradient, ...averages].map((tensor) => runtime.pointer(tensor)),
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
  return shared ? [updated, ...averages] : [updated];
};

export const sgdWasm: Kernel<SgdInputs, SgdFactors> = ({
  inputs: { parameter, gradient, buffer },
  attrs: f,
  backend,
}) => {
  const runtime = wasmRuntime(backend);
  const updated = runtime.output(parameter.shape);
  const own = buffer && runtime.isShared(buffer) ? runtime.copy(buffer) : undefined;
  const changed = own ?? buffer;
  runtime.kernels.sgd(
    runtime.pointer(parameter),
    runtime.pointer(gradient),
    changed ? runtime.pointer(changed) : 0,
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
  return own ? [updated, own] : [updated];
};

export const sumSquaresWasm: Kernel<{ x: tf.Tensor }, object> = ({ inputs: { x }, backend }) => {
  const runtime = wasmRuntime(backend);
  const sum = runtime.kernels.sumSquares(runtime.pointer(x), x.size);
  const out = runtime.output([]);
  runtime.floats(runtime.pointer(out), 1)[0] = sum;
  return out;
};
