import type * as tf from '@tensorflow/tfjs-core';
import type { Activation } from '../activation-names.js';
import type { Affine, Statistics } from '../batch-norm-composition.js';
import { rowsOf } from '../check.js';
import type { Kernel } from '../define-op.js';
import type { RunningInputs } from '../running-averages.js';
import { trainFewRows, trainGradFewRows } from './batch-norm-few-rows.js';
import { type Follower, followerOf, preluFollower } from './batch-norm-follower.js';
import { forChannels, sumOverRows } from './channels.js';
import { sumSlopeGradient } from './prelu.js';
import { floats, type Program, widthOf } from './program.js';
import { planReductions, reduceOverWorkgroup, sharedReducer } from './reduce.js';
import { outputsOf, type Running, readsOf, runningOf, updateRunning } from './running-averages.js';
import { type WebGpuRuntime, webGpuRuntime } from './runtime.js';

interface Attrs {
  epsilon: number;
  activation: Activation;
  momentum?: number;
}
type Slope = { slope: tf.Tensor1D };

/** WGSL that folds batch norm into x · a + b for the channels `c`. */
const fold = `let invStd = inverseSqrt(variance[c] + u.epsilon);
    let a = gamma[c] * invStd;
    let b = beta[c] - mean[c] * a;`;

/** Computes the mean and the biased variance of each channel, and the new running averages. */
function computeMoments(runtime: WebGpuRuntime, x: tf.Tensor, channels: number, running?: Running) {
  const rows = rowsOf(x);
  const mean = runtime.output([channels]);
  const variance = runtime.output([channels]);
  // Each part sums differences from its first value, so that a large mean loses no digits.
  const { partials, parts } = sumOverRows(runtime, {
    op: 'batchNormMoments',
    rows,
    channels,
    inputs: { x },
    sums: 3,
    before: () => 'let shift = x[min(firstRow, u.rows - 1u) * u.channels + c];',
    each: () => 'let d = x[at] - shift; sum0 += d; sum1 = fma(d, d, sum1);',
    // Mean, sum of squared differences from the mean, and count.
    after: (T) => `let m = sum0 / max(f32(rowCount), 1.0);
    sum1 = max(sum1 - sum0 * m, ${T}());
    sum0 = shift + m;
    sum2 = ${T}(f32(rowCount));`,
  });
  const { reducers } = runtime.tuning;
  const plan = planReductions(runtime.tuning);
  const width = widthOf(channels);
  const T = floats(width);
  const program: Program = {
    key: `batchNormMerge ${width} ${running !== undefined} ${plan.key}`,
    inputs: { partials: T, ...readsOf(running, T) },
    outputs: { mean: T, variance: T, ...outputsOf(running, T) },
    uniforms: { channels: 'u32', parts: 'u32', rows: 'u32', ...running?.uniforms },
    workgroupSize: plan.workgroupSize,
    declarations: sharedReducer(reducers, [T]),
    body: `
  let channel = ${plan.index};
  let c = min(channel, u.channels - 1u);
  var sum = ${T}();
  ${plan.loop('p', 'u.parts')} {
    sum += partials[3u * p * u.channels + c] * partials[(3u * p + 2u) * u.channels + c];
  }
  ${reduceOverWorkgroup(reducers, ['sum'])}
  let average = sum / f32(u.rows);
  sum = ${T}();
  ${plan.loop('p', 'u.parts')} {
    let d = partials[3u * p * u.channels + c] - average;
    sum += partials[(3u * p + 1u) * u.channels + c] + d * d * partials[(3u * p + 2u) * u.channels + c];
  }
  ${reduceOverWorkgroup(reducers, ['sum'])}
  if (${plan.writes('channel < u.channels')}) {
    let spread = sum / f32(u.rows);
    mean[c] = average;
    variance[c] = spread;
    ${running ? updateRunning('average', 'spread') : ''}
  }`,
  };
  const vectors = channels / width;
  runtime.run(
    program,
    { partials, mean, variance, ...running?.tensors },
    { channels: vectors, parts, rows, ...running?.numbers },
    plan.groups(vectors),
  );
  runtime.free(partials);
  return { mean, variance };
}

type TrainInputs = { x: tf.Tensor } & Affine & RunningInputs;

function train(
  runtime: WebGpuRuntime,
  inputs: TrainInputs,
  epsilon: number,
  momentum: number | undefined,
  follower: Follower,
): tf.TensorInfo[] {
  const { x, gamma, beta } = inputs;
  const running = runningOf(runtime, inputs, momentum, rowsOf(x));
  const few = trainFewRows(runtime, inputs, epsilon, follower, running);
  if (few) return few;
  const { mean, variance } = computeMoments(runtime, x, gamma.shape[0], running);
  const y = normalize(runtime, { x, gamma, beta, mean, variance }, epsilon, follower);
  return [y, mean, variance, ...(running?.updated ?? [])];
}

function normalize(
  runtime: WebGpuRuntime,
  inputs: Record<'x' | 'gamma' | 'beta' | 'mean' | 'variance', tf.TensorInfo>,
  epsilon: number,
  { key, value, slopes }: Follower,
): tf.TensorInfo {
  const { x, gamma, beta, mean, variance } = inputs;
  const y = runtime.output(x.shape);
  forChannels(runtime, {
    key: `batchNorm ${key}`,
    rows: rowsOf(x),
    channels: gamma.shape[0],
    tensors: { x, y },
    vectors: { gamma, beta, mean, variance, ...slopes?.vectors },
    scalars: slopes?.scalars,
    written: ['y'],
    numbers: { epsilon },
    before: () => fold,
    each: (T) => `let z = fma(x[at], a, b); y[at] = ${value('z', T)};`,
  });
  return y;
}

/** Computes [dx, dgamma, dbeta], followed by dslope if PReLU follows. */
function trainGrad(
  runtime: WebGpuRuntime,
  inputs: { x: tf.Tensor; dy: tf.Tensor } & Affine & Statistics,
  epsilon: number,
  follower: Follower,
): tf.TensorInfo[] {
  const few = trainGradFewRows(runtime, inputs, epsilon, follower);
  if (few) return few;
  const { key, gradient, slopes } = follower;
  const { x, dy, gamma, beta, mean, variance } = inputs;
  const rows = rowsOf(x);
  const channels = gamma.shape[0];
  const dx = runtime.output(x.shape);
  const dgamma = runtime.output([channels]);
  const dbeta = runtime.output([channels]);
  const dz = (T: string) => `let xAt = x[at];
      let z = fma(xAt, a, b);
      let dyAt = dy[at];
      let dz = ${gradient('z', 'dyAt', T)};`;
  const vectors = { gamma, beta, mean, variance };
  const kinds = slopes ? 3 : 2;
  const { partials, parts } = sumOverRows(runtime, {
    op: `batchNormGradSums ${key}`,
    rows,
    channels,
    inputs: { x, dy },
    vectors: { ...vectors, ...slopes?.vectors },
    scalars: slopes?.scalars,
    numbers: { epsilon },
    sums: kinds,
    before: () => `${fold}\n    let m = mean[c];`,
    each: (T) =>
      `${dz(T)} sum0 += dz; sum1 = fma(dz, xAt - m, sum1); ${slopes ? `sum2 = fma(select(z, ${T}(), z > ${T}()), dyAt, sum2);` : ''}`,
    after: () => 'sum1 *= invStd;',
  });
  const coefficients = runtime.output([4, channels]);
  const sums = { dgamma, dbeta, coefficients };
  const numbers = { epsilon, inverseRows: 1 / rows };
  mergeGradSums(runtime, partials, parts, kinds, channels, vectors, sums, numbers);
  const dslope =
    slopes && sumSlopeGradient(runtime, partials, { parts, kinds, kind: 2, channels, slopes: slopes.count });
  runtime.free(partials);
  forChannels(runtime, {
    key: `batchNormGradInput ${key}`,
    rows,
    channels,
    tensors: { x, dy, dx },
    vectors: { coefficients, ...slopes?.vectors },
    scalars: slopes?.scalars,
    written: ['dx'],
    before: () => `let a = coefficients[c];
    let b = coefficients[u.channels + c];
    let p = coefficients[2u * u.channels + c];
    let q = coefficients[3u * u.channels + c];`,
    each: (T) => `${dz(T)} dx[at] = fma(dz, a, fma(xAt, p, q));`,
  });
  runtime.free(coefficients);
  return [dx, dgamma, dbeta, ...(dslope ? [dslope] : [])];
}

export const batchNormTrainWebGpu: Kernel<TrainInputs, Attrs> = ({
  inputs,
  attrs: { epsilon, activation, momentum },
  backend,
}) => train(webGpuRuntime(backend), inputs, epsilon, momentum, followerOf(activation));

export const batchNormInferenceWebGpu: Kernel<{ x: tf.Tensor } & Affine & Statistics, Attrs> = ({
  inputs,
  attrs: { epsilon, activation },
  backend,
}) => normalize(webGpuRuntime(backend), inputs, epsilon, followerOf(activation));

export const batchNormGradWebGpu: Kernel<{ x: tf.Tensor; dy: tf.Tensor } & Affine & Statistics, Attrs> = ({
  inputs,
  attrs: { epsilon, activation },
  backend,
}) => trainGrad(webGpuRuntime(backend), inputs, epsilon, followerOf(activation));

export const batchNormPreluTrainWebGpu: Kernel<TrainInputs & Slope, Omit<Attrs, 'activation'>> = ({
  inputs: { slope, ...inputs },
  attrs: { epsilon, momentum },
  backend,
}) => train(webGpuRuntime(backend), inputs, epsilon, momentum, preluFollower(slope, inputs.gamma.shape[0]));

export const batchNormPreluInferenceWebGpu: Kernel<
  { x: tf.Tensor } & Affine & Slope & Statistics,
  { epsilon: number }
> = ({ inputs: { slope, ...inputs }, attrs: { epsilon }, backend }) =>
  normalize(webGpuRuntime(backend), inputs, epsilon, preluFollower(slope, inputs.gamma.shape[0]));

export const batchNormPreluGradWebGpu: Kernel<
  { x: tf.Tensor; dy: tf.Tensor } & Affine & Slope & Statistics,
  { epsilon: number }
> = ({ inputs: { slope, ...inputs }, attrs: { epsilon }, backend }) =>
  trainGrad(webGpuRuntime(backend), inputs, epsilon, preluFollower(slope, inputs.gamma.shape[0]));

/**
 * Sums the first two of the `kinds` sums over the parts. The gradient of the input, dx = a · (dz − dbeta / rows − xHat · dgamma /
 * rows), is a · dz + p · x + q: this writes the coefficients a, b (of the forward pass), p and q as [4, channels].
 */
function mergeGradSums(
  runtime: WebGpuRuntime,
  partials: tf.TensorInfo,
  parts: number,
  kinds: number,
  channels: number,
  vectors: Affine & Statistics,
  sums: Record<'dgamma' | 'dbeta' | 'coefficients', tf.TensorInfo>,
  numbers: { epsilon: number; inverseRows: number },
): void {
  const { reducers } = runtime.tuning;
  const plan = planReductions(runtime.tuning);
  const width = widthOf(channels);
  const T = floats(width);
  const count = channels / width;
  runtime.run(
    {
      key: `batchNormGradMerge ${kinds} ${width} ${plan.key}`,
      inputs: { partials: T, gamma: T, beta: T, mean: T, variance: T },
      outputs: { dgamma: T, dbeta: T, coefficients: T },
      uniforms: { channels: 'u32', parts: 'u32', epsilon: 'f32', inverseRows: 'f32' },
      workgroupSize: plan.workgroupSize,
      declarations: sharedReducer(reducers, [T, T]),
      body: `
  let channel = ${plan.index};
  let c = min(channel, u.channels - 1u);
  var sum0 = ${T}();
  var sum1 = ${T}();
  ${plan.loop('p', 'u.parts')} {
    sum0 += partials[${kinds}u * p * u.channels + c];
    sum1 += partials[(${kinds}u * p + 1u) * u.channels + c];
  }
  ${reduceOverWorkgroup(reducers, ['sum0', 'sum1'])}
  if (${plan.writes('channel < u.channels')}) {
    ${fold}
    let slope = -a * invStd * sum1 * u.inverseRows;
    dbeta[c] = sum0;
    dgamma[c] = sum1;
    coefficients[c] = a;
    coefficients[u.channels + c] = b;
    coefficients[2u * u.channels + c] = slope;
    coefficients[3u * u.channels + c] = -a * sum0 * u.inverseRows - slope * mean[c];
  }`,
    },
    { partials, ...vectors, ...sums },
    { channels: count, parts, ...numbers },
    plan.groups(count),
  );
}
