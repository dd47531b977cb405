import * as tf from '@tensorflow/tfjs-core';
import { checkChannels, checkFloat } from './check.js';
import { defineOp } from './define-op.js';
import { toRows } from './to-rows.js';
import { layerNormGradWasm, layerNormWasm } from './wasm/layer-norm.js';
import { layerNormGradWebGpu, layerNormWebGpu } from './webgpu/layer-norm.js';

type Inputs = { x: tf.Tensor; gamma: tf.Tensor1D; beta: tf.Tensor1D };

/** Computes (x − mean) / sqrt(variance + eps) over the last axis of [rows, channels], and one over that square root. */
function standardize(x: tf.Tensor2D, epsilon: number): { xHat: tf.Tensor2D; invStd: tf.Tensor2D } {
  const centered = tf.sub(x, tf.mean(x, 1, true));
  const invStd = tf.rsqrt(tf.add(tf.mean(tf.square(centered), 1, true), epsilon)) as tf.Tensor2D;
  return { xHat: tf.mul(centered, invStd), invStd };
}

const gradOp = /* @__PURE__ */ defineOp<
  { x: tf.Tensor; dy: tf.Tensor; gamma: tf.Tensor1D },
  { epsilon: number }
>({
  name: 'UnitsphereLayerNormGrad',
  compose: ({ x, dy: dyTensor, gamma }, { epsilon }) => {
    const { xHat, invStd } = standardize(toRows(x), epsilon);
    const dy = toRows(dyTensor);
    const g = tf.mul(dy, gamma);
    const projection = tf.add(tf.mean(g, 1, true), tf.mul(xHat, tf.mean(tf.mul(g, xHat), 1, true)));
    return [
      tf.reshape(tf.mul(tf.sub(g, projection), invStd), x.shape),
      tf.sum(tf.mul(dy, xHat), 0),
      tf.sum(dy, 0),
    ];
  },
  kernels: { wasm: layerNormGradWasm, webgpu: layerNormGradWebGpu },
});

const op = /* @__PURE__ */ defineOp<Inputs, { epsilon: number }>({
  name: 'UnitsphereLayerNorm',
  compose: ({ x, gamma, beta }, { epsilon }) =>
    tf.reshape(tf.add(tf.mul(standardize(toRows(x), epsilon).xHat, gamma), beta), x.shape),
  inputsToSave: ['x', 'gamma'],
  gradient: ([dy], saved, attrs) => {
    const [x, gamma] = saved as [tf.Tensor, tf.Tensor1D];
    // One pass computes all three gradients; the tape takes those it needs.
    const grads = gradOp({ x, dy, gamma }, attrs);
    return { x: () => grads[0], gamma: () => grads[1], beta: () => grads[2] };
  },
  kernels: { wasm: layerNormWasm, webgpu: layerNormWebGpu },
});

/**
 * Applies layer norm over the last axis (Ba, Kiros & Hinton, 2016), as torch.nn.functional.layer_norm.
 * @param x float32 [..., channels].
 * @param gamma float32 [channels], scale.
 * @param beta float32 [channels], shift.
 * @param options.epsilon Added to the variance. Default 1e-5.
 * @returns A tensor of x's shape.
 * @throws Error on a wrong rank, dtype or length.
 */
export function layerNorm<T extends tf.Tensor>(
  x: T,
  gamma: tf.Tensor1D,
  beta: tf.Tensor1D,
  { epsilon = 1e-5 }: { epsilon?: number } = {},
): T {
  checkFloat('layerNorm', 'x', x);
  if (x.rank < 2)
    throw new Error(`layerNorm: x must have at least 2 dimensions, but its shape is [${x.shape}].`);
  checkChannels('layerNorm', 'gamma', gamma, x.shape[x.rank - 1]);
  checkChannels('layerNorm', 'beta', beta, x.shape[x.rank - 1]);
  return op({ x, gamma, beta }, { epsilon })[0] as T;
}
