import * as tf from '@tensorflow/tfjs-core';
import { checkEqual, checkFloat } from './check.js';
import { defineOp } from './define-op.js';
import { scaleSamplesGradFactorsWebGpu, scaleSamplesWebGpu } from './webgpu/scale-samples.js';

/** Reshapes [batch] to broadcast over the other axes. */
const spread = (factors: tf.Tensor, rank: number) =>
  tf.reshape(factors, [factors.shape[0], ...Array.from({ length: rank - 1 }, () => 1)]);

const factorsGradOp = /* @__PURE__ */ defineOp<{ x: tf.Tensor; dy: tf.Tensor }, object>({
  name: 'UnitsphereScaleSamplesGradFactors',
  compose: ({ x, dy }) => tf.sum(tf.reshape(tf.mul(dy, x), [dy.shape[0], -1]), 1),
  kernels: { webgpu: scaleSamplesGradFactorsWebGpu },
});

const op: (inputs: { x: tf.Tensor; factors: tf.Tensor1D }, attrs: object) => tf.Tensor[] =
  /* @__PURE__ */ defineOp({
    name: 'UnitsphereScaleSamples',
    compose: ({ x, factors }: { x: tf.Tensor; factors: tf.Tensor1D }) => tf.mul(x, spread(factors, x.rank)),
    inputsToSave: ['x', 'factors'],
    gradient: ([dy], saved) => {
      const [x, factors] = saved as [tf.Tensor, tf.Tensor1D];
      return { x: () => op({ x: dy, factors }, {})[0], factors: () => factorsGradOp({ x, dy }, {})[0] };
    },
    kernels: { webgpu: scaleSamplesWebGpu },
  });

/**
 * Multiplies each sample of the batch by a factor. Stochastic depth (Huang et al., 2016) uses factors of 0 and 1 / keep rate.
 * @param x float32 [batch, ...].
 * @param factors float32 [batch].
 * @returns A tensor of x's shape.
 * @throws Error on a wrong dtype, or if the batches differ.
 */
export function scaleSamples<T extends tf.Tensor>(x: T, factors: tf.Tensor1D): T {
  checkFloat('scaleSamples', 'x', x);
  checkFloat('scaleSamples', 'factors', factors, 1);
  checkEqual('scaleSamples', 'the number of factors', factors.shape[0], x.shape[0] ?? 0);
  return op({ x, factors }, {})[0] as T;
}
