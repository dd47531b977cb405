import type * as tf from '@tensorflow/tfjs-core';
import type { Kernel } from '../define-op.js';
import { tensorFlowRuntime } from './runtime.js';

export const addBiasTensorFlow: Kernel<{ x: tf.Tensor; bias: tf.Tensor1D }, object> = ({
  inputs: { x, bias },
  backend,
}) => {
  const runtime = tensorFlowRuntime(backend);
  // BiasAdd requires two axes.
  const operation = x.rank > 1 ? 'BiasAdd' : 'AddV2';
  return runtime.compute(() => [runtime.floats(operation, runtime.of(x), runtime.of(bias))]);
};

export const columnSumsTensorFlow: Kernel<{ x: tf.Tensor }, object> = ({ inputs: { x }, backend }) => {
  const runtime = tensorFlowRuntime(backend);
  return runtime.compute(() => [
    x.rank > 1 ? runtime.floats('BiasAddGrad', runtime.of(x)) : runtime.floats('Identity', runtime.of(x)),
  ]);
};
