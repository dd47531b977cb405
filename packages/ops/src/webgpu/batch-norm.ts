import type * as tf from '@tensorflow/tfjs-core';
import type { Activation } from '../activation.js';
import { rowsOf } from '../check.js';
import type { Kernel } from '../define-op.js';
import { activationGradOf, activationOf } from './activation.js';
import { forChannels, sumOverRows } from './channels.js';
import { floats, type Program, widthOf } from './program.js';
import { reduceOverWorkgroup, sharedReducer } from './reduce.js';
import { type WebGpuRuntime, webGpuRuntime } from './runtime.js';

interface Attrs {
  epsilon: number;
  activation: Activation;
}
type Affine = { gamma: tf.Tensor1D; beta: tf.Tensor1D };
type Statistics = { mean: tf.Tensor1D; variance: tf.Tensor1D };

/** WGSL that folds batch norm into x · a + b for the invocation's channels. */
const fold = `let invStd = inverseSqrt(variance[c] + u.epsilon);
    let a = gamma[c] * invStd;
    let b = beta[c] - mean[c] * a;`;

/** Mean and biased variance of each channel. */
function moments(runtime: WebGpuRuntime, x: tf.Tensor, channels: number) {
  const rows = rowsOf(x);
  const mean = runtime.output([channels]);
  const variance = runtime.output([channels]);
  // Each part's sums are of differences to its first value, so that a large mean costs no digits.
  const { partials, parts } = sumOverRows(runtime, {
    op: 'batchNormMoments',
    rows,
    channels,
    inputs: { x },
    sums: 3,
    before: () => 'let shift = x[min(firstRow, u.rows - 1u) * u.channels + c];',
    each: () => 'let d = x[at] - shift; sum0 += d; sum1 = fma(d, d, sum1);',
    // Mean, sum of squared differences to it, and count.
    after: (T) => `let m = sum0 / max(f32(rowCount), 1.0);
    sum1 = max(sum1 - sum0 * m, ${T}());
    sum0 = shift + m;
    sum2 = ${T}(f32(rowCount));`,
  });
  const { reducers, workgroupSize } = runtime.tuning;
  const width = widthOf(channels);
  const T = floats(width);
  // One workgroup a channel vector, or one invocation.
  const together = reducers > 1;
  const size = together ? reducers : workgroupSize;
  const program: Program = {
    key: `batchNormMerge ${width} ${size} ${together}`,
    inputs: { partials: T },
    outputs: { mean: T, variance: T },
    uniforms: { channels: 'u32', parts: 'u32', rows: 'u32' },
    workgroupSize: size,
    declarations: sharedReducer(reducers, [T]),
    body: `
  let channel = ${together ? 'group' : `group * ${size}u + local`};
  let c = min(channel, u.channels - 1u);
  var sum = ${T}();
  for (var p = ${together ? 'local' : '0u'}; p < u.parts; p += ${together ? size : 1}u) {
    sum += partials[3u * p * u.channels + c] * partials[(3u * p + 2u) * u.channels + c];
  }
  ${reduceOverWorkgroup(reducers, ['sum'])}
  let average = sum / f32(u.rows);
  sum = ${T}();
  for (var p = ${together ? 'local' : '0u'}; p < u.parts; p += ${together ? size : 1}u) {
    let d = partials[3u * p * u.channels + c] - average;
    sum += partials[(3u * p + 1u) * u.channels + c] + d * d * partials[(3u * p + 2u) * u.channels + c];
  }
  ${reduceOverWorkgroup(reducers, ['sum'])}
  if (${together ? 'local == 0u' : 'channel < u.channels'}) {
    mean[c] = average;
    variance[c] = sum / f32(u.rows);
  }`,
  };
  const vectors = channels / width;
  runtime.run(
    program,
    { partials, mean, variance },
    { channels: vectors, parts, rows },
    together ? vectors : Math.ceil(vectors / size),
  );
  runtime.free(partials);
  return { mean, variance };
}

export const batchNormTrainWebGpu: Kernel<{ x: tf.Tensor } & Affine, Attrs> = ({
  inputs,
  attrs,
  backend,
}) => {
  const runtime = webGpuRuntime(backend);
  const { x, gamma, beta } = inputs;
  const { mean, variance } = moments(runtime, x, gamma.shape[0]);
  const y = normalise(runtime, { x, gamma, beta, mean, variance }, attrs);
  return [y, mean, variance];
};

export const batchNormInferenceWebGpu: Kernel<{ x: tf.Tensor } & Affine & Statistics, Attrs> = ({
  inputs,
  attrs,
  backend,
}) => normalise(webGpuRuntime(backend), inputs, attrs);

function normalise(
  runtime: WebGpuRuntime,
  inputs: Record<'x' | 'gamma' | 'beta' | 'mean' | 'variance', tf.TensorInfo>,
  { epsilon, activation }: Attrs,
): tf.TensorInfo {
  const { x, gamma, beta, mean, variance } = inputs;
  const y = runtime.output(x.shape);
  forChannels(runtime, {
    key: `batchNorm ${activation}`,
    rows: rowsOf(x),
    channels: gamma.shape[0]!,
    tensors: { x, y },
    vectors: { gamma, beta, mean, variance },
    written: ['y'],
    numbers: { epsilon },
    before: () => fold,
    each: (T) => `let z = fma(x[at], a, b); y[at] = ${activationOf(activation, 'z', T)};`,
  });
  return y;
}

export const batchNormGradWebGpu: Kernel<{ x: tf.Tensor; dy: tf.Tensor } & Affine & Statistics, Attrs> = ({
  inputs,
  attrs: { epsilon, activation },
  backend,
}) => {
  const runtime = webGpuRuntime(backend);
  const { x, dy, gamma, beta, mean, variance } = inputs;
  const rows = rowsOf(x);
  const channels = gamma.shape[0];
  const dx = runtime.output(x.shape);
  const dgamma = runtime.output([channels]);
  const dbeta = runtime.output([channels]);
  const dz = (T: string) => `let xAt = x[at];
      let z = fma(xAt, a, b);
      let dyAt = dy[at];
      let dz = ${activationGradOf(activation, 'z', 'dyAt', T)};`;
  const vectors = { gamma, beta, mean, variance };
  const { partials, parts } = sumOverRows(runtime, {
    op: `batchNormGradSums ${activation}`,
    rows,
    channels,
    inputs: { x, dy },
    vectors,
    numbers: { epsilon },
    sums: 2,
    before: () => `${fold}\n    let m = mean[c];`,
    each: (T) => `${dz(T)} sum0 += dz; sum1 = fma(dz, xAt - m, sum1);`,
    after: () => 'sum1 *= invStd;',
  });
  const coefficients = runtime.output([4, channels]);
  const sums = { dgamma, dbeta, coefficients };
  mergeGradSums(runtime, partials, parts, channels, vectors, sums, { epsilon, inverseRows: 1 / rows });
  runtime.free(partials);
  forChannels(runtime, {
    key: `batchNormGradInput ${activation}`,
    rows,
    channels,
    tensors: { x, dy, dx },
    vectors: { coefficients },
    written: ['dx'],
    before: () => `let a = coefficients[c];
    let b = coefficients[u.channels + c];
    let p = coefficients[2u * u.channels + c];
    let q = coefficients[3u * u.channels + c];`,
    each: (T) => `${dz(T)} dx[at] = fma(dz, a, fma(xAt, p, q));`,
  });
  runtime.free(coefficients);
  return [dx, dgamma, dbeta];
};

/**
 * Adds up the parts, and writes the input's gradient dx = a · (dz − dbeta / rows − xHat · dgamma / rows) as
 * a · dz + p · x + q: coefficients [4, channels] are a, b (of the forward pass), p and q.
 */
function mergeGradSums(
  runtime: WebGpuRuntime,
  partials: tf.TensorInfo,
  parts: number,
  channels: number,
  vectors: Affine & Statistics,
  sums: Record<'dgamma' | 'dbeta' | 'coefficients', tf.TensorInfo>,
  numbers: { epsilon: number; inverseRows: number },
): void {
  const { reducers, workgroupSize } = runtime.tuning;
  const width = widthOf(channels);
  const T = floats(width);
  const together = reducers > 1;
  const size = together ? reducers : workgroupSize;
  const count = channels / width;
  runtime.run(
    {
      key: `batchNormGradMerge ${width} ${size} ${together}`,
      inputs: { partials: T, gamma: T, beta: T, mean: T, variance: T },
      outputs: { dgamma: T, dbeta: T, coefficients: T },
      uniforms: { channels: 'u32', parts: 'u32', epsilon: 'f32', inverseRows: 'f32' },
      workgroupSize: size,
      declarations: sharedReducer(reducers, [T, T]),
      body: `
  let channel = ${together ? 'group' : `group * ${size}u + local`};
  let c = min(channel, u.channels - 1u);
  var sum0 = ${T}();
  var sum1 = ${T}();
  for (var p = ${together ? 'local' : '0u'}; p < u.parts; p += ${together ? size : 1}u) {
    sum0 += partials[2u * p * u.channels + c];
    sum1 += partials[(2u * p + 1u) * u.channels + c];
  }
  ${reduceOverWorkgroup(reducers, ['sum0', 'sum1'])}
  if (${together ? 'local == 0u' : 'channel < u.channels'}) {
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
    together ? count : Math.ceil(count / size),
  );
}
