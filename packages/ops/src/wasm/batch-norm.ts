import type * as tf from '@tensorflow/tfjs-core';
import { type Activation, activationCode } from '../activation-names.js';
import type { Affine, Statistics, TrainAttrs } from '../batch-norm-composition.js';
import { rowsOf } from '../check.js';
import type { Kernel } from '../define-op.js';
import type { Kernels } from './kernels.generated.js';
import { NULL_POINTER, offset, type Pointer } from './pointer.js';
import { type WasmRuntime, wasmRuntime } from './runtime.js';
import { slopeGradient, withSlopes } from './slopes.js';

interface Attrs {
  epsilon: number;
  activation: Activation;
}
type Slopes = { slope: tf.Tensor1D };

/** Writes a = gamma / √(variance + epsilon), b = beta − mean·a and invStd, each [channels]: batch norm is then x·a + b. */
function foldAffine(
  runtime: WasmRuntime,
  { gamma, beta, mean, variance }: Record<'gamma' | 'beta' | 'mean' | 'variance', tf.TensorInfo>,
  epsilon: number,
  a: Pointer,
  b: Pointer,
  invStd?: Pointer,
): void {
  const channels = gamma.shape[0];
  const valuesOf = (tensor: tf.TensorInfo) => runtime.floats(runtime.pointer(tensor), channels);
  const [gammas, betas, means, variances] = [
    valuesOf(gamma),
    valuesOf(beta),
    valuesOf(mean),
    valuesOf(variance),
  ];
  const [scales, shifts] = [runtime.floats(a, channels), runtime.floats(b, channels)];
  const invStds = invStd === undefined ? undefined : runtime.floats(invStd, channels);
  for (let i = 0; i < channels; i++) {
    const inverse = 1 / Math.sqrt(variances[i] + epsilon);
    if (invStds) invStds[i] = inverse;
    scales[i] = gammas[i] * inverse;
    shifts[i] = betas[i] - means[i] * scales[i];
  }
}

/** The passes of one activation; those of PReLU have their slopes bound. */
interface Passes {
  affine: Kernels['affine0'];
  gradSums: Kernels['batchNormGradSums0'];
  gradInput: Kernels['batchNormGradInput0'];
}

function passesOf({ kernels }: WasmRuntime, activation: Activation): Passes {
  const code = activationCode[activation];
  return {
    affine: kernels[`affine${code}`],
    gradSums: kernels[`batchNormGradSums${code}`],
    gradInput: kernels[`batchNormGradInput${code}`],
  };
}

/** Returns the passes of PReLU with its slopes bound; `gradSums` alone writes to `dslope`. */
function preluPassesOf({ kernels }: WasmRuntime, slope: Pointer, dslope = NULL_POINTER): Passes {
  return {
    affine: (x, m, c, a, b, y) => kernels.affinePrelu(x, m, c, a, b, y, slope),
    gradSums: (x, dy, m, c, a, b, mean, invStd, dgamma, dbeta, scratch) =>
      kernels.batchNormGradSumsPrelu(x, dy, m, c, a, b, mean, invStd, dgamma, dbeta, scratch, slope, dslope),
    gradInput: (x, dy, m, c, a, b, p, q, dx) =>
      kernels.batchNormGradInputPrelu(x, dy, m, c, a, b, p, q, dx, slope),
  };
}

/** Returns [y, mean, variance]. */
function train(
  runtime: WasmRuntime,
  { x, gamma, beta }: { x: tf.Tensor } & Affine,
  { epsilon, wholeBatch }: TrainAttrs,
  { affine }: Passes,
): tf.TensorInfo[] {
  const channels = gamma.shape[0];
  const rows = rowsOf(x);
  const y = runtime.output(x.shape);
  const mean = runtime.output([channels]);
  const variance = runtime.output([channels]);
  const xAt = runtime.pointer(x);
  runtime.withScratch(24 * channels, (scratch) => {
    const [meanAt, varianceAt] = [runtime.pointer(mean), runtime.pointer(variance)];
    runtime.kernels.moments(xAt, rows, channels, meanAt, varianceAt, scratch);
    wholeBatch?.combineMoments(rows, runtime.floats(meanAt, channels), runtime.floats(varianceAt, channels));
    const a = scratch;
    const b = offset(scratch, 4 * channels);
    foldAffine(runtime, { gamma, beta, mean, variance }, epsilon, a, b);
    affine(xAt, rows, channels, a, b, runtime.pointer(y));
  });
  return [y, mean, variance];
}

function inference(
  runtime: WasmRuntime,
  { x, gamma, beta, mean, variance }: { x: tf.Tensor } & Affine & Statistics,
  epsilon: number,
  { affine }: Passes,
): tf.TensorInfo {
  const channels = gamma.shape[0];
  const y = runtime.output(x.shape);
  runtime.withScratch(8 * channels, (a) => {
    const b = offset(a, 4 * channels);
    foldAffine(runtime, { gamma, beta, mean, variance }, epsilon, a, b);
    affine(runtime.pointer(x), rowsOf(x), channels, a, b, runtime.pointer(y));
  });
  return y;
}

/** Returns [dx, dgamma, dbeta]. */
function trainGrad(
  runtime: WasmRuntime,
  { x, dy, gamma, beta, mean, variance }: { x: tf.Tensor; dy: tf.Tensor } & Affine & Statistics,
  { epsilon, wholeBatch }: TrainAttrs,
  { gradSums, gradInput }: Passes,
): tf.TensorInfo[] {
  const channels = gamma.shape[0];
  const rows = rowsOf(x);
  const dx = runtime.output(x.shape);
  const dgamma = runtime.output([channels]);
  const dbeta = runtime.output([channels]);
  const [xAt, dyAt, meanAt] = [runtime.pointer(x), runtime.pointer(dy), runtime.pointer(mean)];
  const [dgammaAt, dbetaAt] = [runtime.pointer(dgamma), runtime.pointer(dbeta)];
  // 36 bytes a channel for the scratch of gradSums, then five vectors of floats.
  runtime.withScratch(56 * channels, (scratch) => {
    const a = offset(scratch, 36 * channels);
    const b = offset(scratch, 40 * channels);
    const invStd = offset(scratch, 44 * channels);
    const p = offset(scratch, 48 * channels);
    const q = offset(scratch, 52 * channels);
    foldAffine(runtime, { gamma, beta, mean, variance }, epsilon, a, b, invStd);
    gradSums(xAt, dyAt, rows, channels, a, b, meanAt, invStd, dgammaAt, dbetaAt, scratch);
    // dx = a·(dz − dbeta/count − xHat·dgamma/count), written as a·dz + p·x + q; the sums are those of all replicas.
    const valuesAt = (pointer: Pointer) => runtime.floats(pointer, channels);
    const [scales, invStds, means] = [valuesAt(a), valuesAt(invStd), valuesAt(meanAt)];
    const own = { dgamma: valuesAt(dgammaAt), dbeta: valuesAt(dbetaAt) };
    const sums = wholeBatch?.sumGradients(own.dgamma, own.dbeta) ?? own;
    const count = wholeBatch?.rows ?? rows;
    const [slopes, intercepts] = [valuesAt(p), valuesAt(q)];
    for (let i = 0; i < channels; i++) {
      const slope = (-scales[i] * invStds[i] * sums.dgamma[i]) / count;
      slopes[i] = slope;
      intercepts[i] = (-scales[i] * sums.dbeta[i]) / count - slope * means[i];
    }
    gradInput(xAt, dyAt, rows, channels, a, b, p, q, runtime.pointer(dx));
  });
  return [dx, dgamma, dbeta];
}

export const batchNormTrainWasm: Kernel<{ x: tf.Tensor } & Affine, Attrs & TrainAttrs> = ({
  inputs,
  attrs,
  backend,
}) => {
  const runtime = wasmRuntime(backend);
  return train(runtime, inputs, attrs, passesOf(runtime, attrs.activation));
};

export const batchNormInferenceWasm: Kernel<{ x: tf.Tensor } & Affine & Statistics, Attrs> = ({
  inputs,
  attrs: { epsilon, activation },
  backend,
}) => {
  const runtime = wasmRuntime(backend);
  return inference(runtime, inputs, epsilon, passesOf(runtime, activation));
};

export const batchNormGradWasm: Kernel<
  { x: tf.Tensor; dy: tf.Tensor } & Affine & Statistics,
  Attrs & TrainAttrs
> = ({ inputs, attrs, backend }) => {
  const runtime = wasmRuntime(backend);
  return trainGrad(runtime, inputs, attrs, passesOf(runtime, attrs.activation));
};

export const batchNormPreluTrainWasm: Kernel<{ x: tf.Tensor } & Affine & Slopes, TrainAttrs> = ({
  inputs,
  attrs,
  backend,
}) => {
  const runtime = wasmRuntime(backend);
  return withSlopes(runtime, inputs.slope, inputs.gamma.shape[0], (slope) =>
    train(runtime, inputs, attrs, preluPassesOf(runtime, slope)),
  );
};

export const batchNormPreluInferenceWasm: Kernel<
  { x: tf.Tensor } & Affine & Slopes & Statistics,
  { epsilon: number }
> = ({ inputs, attrs: { epsilon }, backend }) => {
  const runtime = wasmRuntime(backend);
  return withSlopes(runtime, inputs.slope, inputs.gamma.shape[0], (slope) =>
    inference(runtime, inputs, epsilon, preluPassesOf(runtime, slope)),
  );
};

/** Returns [dx, dgamma, dbeta, dslope]. */
export const batchNormPreluGradWasm: Kernel<
  { x: tf.Tensor; dy: tf.Tensor } & Affine & Slopes & Statistics,
  TrainAttrs
> = ({ inputs, attrs, backend }) => {
  const runtime = wasmRuntime(backend);
  const { slope, gamma } = inputs;
  const channels = gamma.shape[0];
  let grads: tf.TensorInfo[] = [];
  const dslope = slopeGradient(runtime, slope.shape[0], channels, (dslopeAt) =>
    withSlopes(runtime, slope, channels, (slopeAt) => {
      grads = trainGrad(runtime, inputs, attrs, preluPassesOf(runtime, slopeAt, dslopeAt));
    }),
  );
  return [...grads, dslope];
};
