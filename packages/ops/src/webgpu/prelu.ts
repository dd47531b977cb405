import type * as tf from '@tensorflow/tfjs-core';
import { rowsOf } from '../check.js';
import type { Kernel } from '../define-op.js';
import { forChannels, sumColumns, sumOverRows } from './channels.js';
import { type WebGpuRuntime, webGpuRuntime } from './runtime.js';
import { sumParts } from './sum-parts.js';

type Tensors = { [name: string]: tf.TensorInfo };

/** Bindings of PReLU's slopes: a vector with one per channel, or one number. */
export interface Slopes {
  key: string;
  count: number;
  vectors: Tensors;
  scalars: Tensors;
  /** Returns WGSL of the slopes of channels `c`. */
  at: (T: string) => string;
}

/** Returns the bindings of slopes. */
export function slopesOf(slope: tf.TensorInfo, channels: number): Slopes {
  const count = slope.shape[0];
  return count === channels
    ? { key: 'prelu', count, vectors: { slope }, scalars: {}, at: () => 'slope[c]' }
    : { key: 'preluShared', count, vectors: {}, scalars: { slope }, at: (T) => `${T}(slope[0])` };
}

/** Returns WGSL of PReLU(z). */
export const preluOf = ({ at }: Slopes, z: string, T: string) =>
  `select(${z} * ${at(T)}, ${z}, ${z} > ${T}())`;

/** Returns WGSL of dy · PReLU'(z). */
export const preluGradOf = ({ at }: Slopes, z: string, dy: string, T: string) =>
  `select(${dy} * ${at(T)}, ${dy}, ${z} > ${T}())`;

/** Computes the gradient with respect to the slopes from partial sums [parts, kinds, channels], of which `kind` is summed. */
export function sumSlopeGradient(
  runtime: WebGpuRuntime,
  partials: tf.TensorInfo,
  sizes: { parts: number; kinds: number; kind: number; channels: number; slopes: number },
): tf.TensorInfo {
  const { parts, kinds, kind, channels, slopes } = sizes;
  const dslope = runtime.output([channels]);
  const stride = kinds * channels;
  sumParts(runtime, partials, { parts, stride, count: channels, first: kind * channels }, dslope);
  if (slopes === channels) return dslope;
  const sum = sumColumns(runtime, dslope, channels, 1);
  runtime.free(dslope);
  return sum;
}

export const preluWebGpu: Kernel<{ x: tf.Tensor; slope: tf.Tensor1D }, object> = ({
  inputs: { x, slope },
  backend,
}) => {
  const runtime = webGpuRuntime(backend);
  const channels = x.shape[x.rank - 1];
  const y = runtime.output(x.shape);
  const slopes = slopesOf(slope, channels);
  forChannels(runtime, {
    key: slopes.key,
    rows: rowsOf(x),
    channels,
    tensors: { x, y },
    vectors: slopes.vectors,
    scalars: slopes.scalars,
    written: ['y'],
    before: () => '',
    each: (T) => `let z = x[at]; y[at] = ${preluOf(slopes, 'z', T)};`,
  });
  return y;
};

export const preluGradInputWebGpu: Kernel<{ x: tf.Tensor; slope: tf.Tensor1D; dy: tf.Tensor }, object> = ({
  inputs: { x, slope, dy },
  backend,
}) => {
  const runtime = webGpuRuntime(backend);
  const channels = x.shape[x.rank - 1];
  const dx = runtime.output(x.shape);
  const slopes = slopesOf(slope, channels);
  forChannels(runtime, {
    key: `${slopes.key}GradInput`,
    rows: rowsOf(x),
    channels,
    tensors: { x, dy, dx },
    vectors: slopes.vectors,
    scalars: slopes.scalars,
    written: ['dx'],
    before: () => '',
    each: (T) => `let g = dy[at]; dx[at] = ${preluGradOf(slopes, 'x[at]', 'g', T)};`,
  });
  return dx;
};

export const preluGradSlopeWebGpu: Kernel<{ x: tf.Tensor; dy: tf.Tensor }, { slopes: number }> = ({
  inputs: { x, dy },
  attrs: { slopes },
  backend,
}) => {
  const runtime = webGpuRuntime(backend);
  const channels = x.shape[x.rank - 1];
  const { partials, parts } = sumOverRows(runtime, {
    op: 'preluGradSlope',
    rows: rowsOf(x),
    channels,
    inputs: { x, dy },
    sums: 1,
    each: (T) => `let z = x[at]; sum0 = fma(select(z, ${T}(), z > ${T}()), dy[at], sum0);`,
  });
  const dslope = sumSlopeGradient(runtime, partials, { parts, kinds: 1, kind: 0, channels, slopes });
  runtime.free(partials);
  return dslope;
};
