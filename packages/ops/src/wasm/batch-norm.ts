import type * as tf from '@tensorflow/tfjs-core';
import { type Activation, activationCode } from '../activation.js';
import { rowsOf } from '../check.js';
import type { Kernel } from '../define-op.js';
import { type WasmRuntime, wasmRuntime } from './runtime.js';

interface Attrs {
  epsilon: number;
  activation: Activation;
}
type Affine = { gamma: tf.Tensor1D; beta: tf.Tensor1D };
type Statistics = { mean: tf.Tensor1D; variance: tf.Tensor1D };

/** Writes a = gamma / sqrt(variance + eps), b = beta − mean·a and invStd: batch norm as x·a + b. */
function foldAffine(
  runtime: WasmRuntime,
  { gamma, beta, mean, variance }: Record<'gamma' | 'beta' | 'mean' | 'variance', tf.TensorInfo>,
  epsilon: number,
  a: number,
  b: number,
  invStd?: number,
): void {
  const c = gamma.shape[0]!;
  const read = (t: tf.TensorInfo) => runtime.floats(runtime.pointer(t), c);
  const [g, be, m, v, av, bv] = [
    read(gamma),
    read(beta),
    read(mean),
    read(variance),
    runtime.floats(a, c),
    runtime.floats(b, c),
  ];
  const inv = invStd === undefined ? undefined : runtime.floats(invStd, c);
  for (let i = 0; i < c; i++) {
    const scale = 1 / Math.sqrt(v[i]! + epsilon);
    if (inv) inv[i] = scale;
    av[i] = g[i]! * scale;
    bv[i] = be[i]! - m[i]! * av[i]!;
  }
}

export const batchNormTrainWasm: Kernel<{ x: tf.Tensor } & Affine, Attrs> = ({ inputs, attrs, backend }) => {
  const runtime = wasmRuntime(backend);
  const { x, gamma, beta } = inputs;
  const c = gamma.shape[0];
  const rows = rowsOf(x);
  const y = runtime.output(x.shape);
  const mean = runtime.output([c]);
  const variance = runtime.output([c]);
  const xAt = runtime.pointer(x);
  runtime.withScratch(c * 24, (scratch) => {
    runtime.kernels.moments(xAt, rows, c, runtime.pointer(mean), runtime.pointer(variance), scratch);
    const [a, b] = [scratch, scratch + 4 * c];
    foldAffine(runtime, { gamma, beta, mean, variance }, attrs.epsilon, a, b);
    runtime.kernels[`affine${activationCode[attrs.activation]}`](xAt, rows, c, a, b, runtime.pointer(y));
  });
  return [y, mean, variance];
};

export const batchNormInferenceWasm: Kernel<{ x: tf.Tensor } & Affine & Statistics, Attrs> = ({
  inputs,
  attrs,
  backend,
}) => {
  const runtime = wasmRuntime(backend);
  const { x, ...vectors } = inputs;
  const c = inputs.gamma.shape[0];
  const y = runtime.output(x.shape);
  runtime.withScratch(c * 8, (a) => {
    const b = a + 4 * c;
    foldAffine(runtime, vectors, attrs.epsilon, a, b);
    runtime.kernels[`affine${activationCode[attrs.activation]}`](
      runtime.pointer(x),
      rowsOf(x),
      c,
      a,
      b,
      runtime.pointer(y),
    );
  });
  return y;
};

export const batchNormGradWasm: Kernel<{ x: tf.Tensor; dy: tf.Tensor } & Affine & Statistics, Attrs> = ({
  inputs,
  attrs,
  backend,
}) => {
  const runtime = wasmRuntime(backend);
  const { x, dy, ...vectors } = inputs;
  const c = inputs.gamma.shape[0];
  const rows = rowsOf(x);
  const code = activationCode[attrs.activation];
  const dx = runtime.output(x.shape);
  const dgamma = runtime.output([c]);
  const dbeta = runtime.output([c]);
  const [xAt, dyAt, meanAt] = [runtime.pointer(x), runtime.pointer(dy), runtime.pointer(inputs.mean)];
  const [dgammaAt, dbetaAt] = [runtime.pointer(dgamma), runtime.pointer(dbeta)];
  runtime.withScratch(c * 44, (scratch) => {
    const [a, b, invStd, p, q, sums] = [24, 28, 32, 36, 40, 0].map((offset) => scratch + offset * c) as [
      number,
      number,
      number,
      number,
      number,
      number,
    ];
    foldAffine(runtime, vectors, attrs.epsilon, a, b, invStd);
    runtime.kernels[`batchNormGradSums${code}`](
      xAt,
      dyAt,
      rows,
      c,
      a,
      b,
      meanAt,
      invStd,
      dgammaAt,
      dbetaAt,
      sums,
    );
    // dx = a·(dz − dbeta/rows − xHat·dgamma/rows), written as a·dz + p·x + q.
    const [av, iv, pv, qv, mv, dg, db] = [a, invStd, p, q, meanAt, dgammaAt, dbetaAt].map((at) =>
      runtime.floats(at, c),
    ) as [Float32Array, Float32Array, Float32Array, Float32Array, Float32Array, Float32Array, Float32Array];
    for (let i = 0; i < c; i++) {
      const slope = (-av[i]! * iv[i]! * dg[i]!) / rows;
      pv[i] = slope;
      qv[i] = (-av[i]! * db[i]!) / rows - slope * mv[i]!;
    }
    runtime.kernels[`batchNormGradInput${code}`](xAt, dyAt, rows, c, a, b, p, q, runtime.pointer(dx));
  });
  return [dx, dgamma, dbeta];
};
