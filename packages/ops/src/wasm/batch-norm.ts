import type * as tf from '@tensorflow/tfjs-core';
import { type Activation, activationCode } from '../activation.js';
import type { Affine, Statistics } from '../batch-norm-composition.js';
import { rowsOf } from '../check.js';
import type { Kernel } from '../define-op.js';
import { type WasmRuntime, wasmRuntime } from './runtime.js';
import { slopeGradient, withSlopes } from './slopes.js';

interface Attrs {
  epsilon: number;
  activation: Activation;
}
type Sloped = { slope: tf.Tensor1D };

/** Writes a = gamma / sqrt(variance + eps), b = beta − mean·a and invStd: batch norm as x·a + b. */
function foldAffine(
  runtime: WasmRuntime,
  { gamma, beta, mean, variance }: Record<'gamma' | 'beta' | 'mean' | 'variance', tf.TensorInfo>,
  epsilon: number,
  a: number,
  b: number,
  invStd?: number,
): void {
  const c = gamma.shape[0];
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
    const scale = 1 / Math.sqrt(v[i] + epsilon);
    if (inv) inv[i] = scale;
    av[i] = g[i] * scale;
    bv[i] = be[i] - m[i] * av[i];
  }
}

/** The passes of one activation, its slopes bound where it has them; arguments as in assembly/batch-norm-activations.ts. */
interface Passes {
  affine(x: number, rows: number, c: number, a: number, b: number, y: number): void;
  gradSums(...args: number[]): void;
  gradInput(...args: number[]): void;
}

function passesOf({ kernels }: WasmRuntime, activation: Activation): Passes {
  const code = activationCode[activation];
  return {
    affine: kernels[`affine${code}`],
    gradSums: kernels[`batchNormGradSums${code}`],
    gradInput: kernels[`batchNormGradInput${code}`],
  };
}

function preluPassesOf({ kernels }: WasmRuntime, slopeAt: number, dslopeAt = 0): Passes {
  return {
    affine: (...args) => kernels.affinePrelu(...args, slopeAt),
    gradSums: (...args) => kernels.batchNormGradSumsPrelu(...args, slopeAt, dslopeAt),
    gradInput: (...args) => kernels.batchNormGradInputPrelu(...args, slopeAt),
  };
}

function train(
  runtime: WasmRuntime,
  { x, gamma, beta }: { x: tf.Tensor } & Affine,
  epsilon: number,
  { affine }: Passes,
): tf.TensorInfo[] {
  const c = gamma.shape[0];
  const rows = rowsOf(x);
  const y = runtime.output(x.shape);
  const mean = runtime.output([c]);
  const variance = runtime.output([c]);
  const xAt = runtime.pointer(x);
  runtime.withScratch(c * 24, (scratch) => {
    runtime.kernels.moments(xAt, rows, c, runtime.pointer(mean), runtime.pointer(variance), scratch);
    const [a, b] = [scratch, scratch + 4 * c];
    foldAffine(runtime, { gamma, beta, mean, variance }, epsilon, a, b);
    affine(xAt, rows, c, a, b, runtime.pointer(y));
  });
  return [y, mean, variance];
}

function inference(
  runtime: WasmRuntime,
  { x, gamma, beta, mean, variance }: { x: tf.Tensor } & Affine & Statistics,
  epsilon: number,
  { affine }: Passes,
): tf.TensorInfo {
  const c = gamma.shape[0];
  const y = runtime.output(x.shape);
  runtime.withScratch(c * 8, (a) => {
    const b = a + 4 * c;
    foldAffine(runtime, { gamma, beta, mean, variance }, epsilon, a, b);
    affine(runtime.pointer(x), rowsOf(x), c, a, b, runtime.pointer(y));
  });
  return y;
}

/** [dx, dgamma, dbeta]. */
function trainGrad(
  runtime: WasmRuntime,
  { x, dy, gamma, beta, mean, variance }: { x: tf.Tensor; dy: tf.Tensor } & Affine & Statistics,
  epsilon: number,
  { gradSums, gradInput }: Passes,
): tf.TensorInfo[] {
  const c = gamma.shape[0];
  const rows = rowsOf(x);
  const dx = runtime.output(x.shape);
  const dgamma = runtime.output([c]);
  const dbeta = runtime.output([c]);
  const [xAt, dyAt, meanAt] = [runtime.pointer(x), runtime.pointer(dy), runtime.pointer(mean)];
  const [dgammaAt, dbetaAt] = [runtime.pointer(dgamma), runtime.pointer(dbeta)];
  // The sums' 36 bytes a channel, then five vectors.
  runtime.withScratch(c * 56, (sums) => {
    const [a, b, invStd, p, q] = [36, 40, 44, 48, 52].map((offset) => sums + offset * c) as [
      number,
      number,
      number,
      number,
      number,
    ];
    foldAffine(runtime, { gamma, beta, mean, variance }, epsilon, a, b, invStd);
    gradSums(xAt, dyAt, rows, c, a, b, meanAt, invStd, dgammaAt, dbetaAt, sums);
    // dx = a·(dz − dbeta/rows − xHat·dgamma/rows), written as a·dz + p·x + q.
    const [av, iv, pv, qv, mv, dg, db] = [a, invStd, p, q, meanAt, dgammaAt, dbetaAt].map((at) =>
      runtime.floats(at, c),
    ) as [Float32Array, Float32Array, Float32Array, Float32Array, Float32Array, Float32Array, Float32Array];
    for (let i = 0; i < c; i++) {
      const slope = (-av[i] * iv[i] * dg[i]) / rows;
      pv[i] = slope;
      qv[i] = (-av[i] * db[i]) / rows - slope * mv[i];
    }
    gradInput(xAt, dyAt, rows, c, a, b, p, q, runtime.pointer(dx));
  });
  return [dx, dgamma, dbeta];
}

export const batchNormTrainWasm: Kernel<{ x: tf.Tensor } & Affine, Attrs> = ({
  inputs,
  attrs: { epsilon, activation },
  backend,
}) => {
  const runtime = wasmRuntime(backend);
  return train(runtime, inputs, epsilon, passesOf(runtime, activation));
};

export const batchNormInferenceWasm: Kernel<{ x: tf.Tensor } & Affine & Statistics, Attrs> = ({
  inputs,
  attrs: { epsilon, activation },
  backend,
}) => {
  const runtime = wasmRuntime(backend);
  return inference(runtime, inputs, epsilon, passesOf(runtime, activation));
};

export const batchNormGradWasm: Kernel<{ x: tf.Tensor; dy: tf.Tensor } & Affine & Statistics, Attrs> = ({
  inputs,
  attrs: { epsilon, activation },
  backend,
}) => {
  const runtime = wasmRuntime(backend);
  return trainGrad(runtime, inputs, epsilon, passesOf(runtime, activation));
};

export const batchNormPreluTrainWasm: Kernel<{ x: tf.Tensor } & Affine & Sloped, { epsilon: number }> = ({
  inputs,
  attrs: { epsilon },
  backend,
}) => {
  const runtime = wasmRuntime(backend);
  return withSlopes(runtime, inputs.slope, inputs.gamma.shape[0], (slopeAt) =>
    train(runtime, inputs, epsilon, preluPassesOf(runtime, slopeAt)),
  );
};

export const batchNormPreluInferenceWasm: Kernel<
  { x: tf.Tensor } & Affine & Sloped & Statistics,
  { epsilon: number }
> = ({ inputs, attrs: { epsilon }, backend }) => {
  const runtime = wasmRuntime(backend);
  return withSlopes(runtime, inputs.slope, inputs.gamma.shape[0], (slopeAt) =>
    inference(runtime, inputs, epsilon, preluPassesOf(runtime, slopeAt)),
  );
};

/** [dx, dgamma, dbeta, dslope]. */
export const batchNormPreluGradWasm: Kernel<
  { x: tf.Tensor; dy: tf.Tensor } & Affine & Sloped & Statistics,
  { epsilon: number }
> = ({ inputs, attrs: { epsilon }, backend }) => {
  const runtime = wasmRuntime(backend);
  const { slope, gamma } = inputs;
  const c = gamma.shape[0];
  let grads: tf.TensorInfo[] = [];
  const dslope = slopeGradient(runtime, slope.shape[0], c, (dslopeAt) =>
    withSlopes(runtime, slope, c, (slopeAt) => {
      grads = trainGrad(runtime, inputs, epsilon, preluPassesOf(runtime, slopeAt, dslopeAt));
    }),
  );
  return [...grads, dslope];
};
