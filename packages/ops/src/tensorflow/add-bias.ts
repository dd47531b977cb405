import type * as tf from '@tensorflow/tfjs-core';
import type { Kernel } from '../define-op.js';
import { FLOATS, tensorFlowRuntime } from './runtime.js';

export const addBiasTensorFlow: Kernel<{ x: tf.Tensor; bias: tf.Tensor1D }, object> = ({
  inputs: { x, bias },
  backend,
}) => {
  const runtime = tensorFlowRuntime(backend);
  // BiasAdd requires two axes.
  const operation = x.rank > 1 ? 'BiasAdd' : 'AddV2';
  const inputs = [x, bias].map((tensor) => runtime.of(tensor));
  return runtime.compute(() => [runtime.enqueue(operation, FLOATS, inputs, x.shape)]);
};

export const columnSumsTensorFlow: Kernel<{ x: tf.Tensor }, object> = ({ inputs: { x }, backend }) => {
  const runtime = tensorFlowRuntime(backend);
  const operation = x.rank > 1 ? 'BiasAddGrad' : 'Identity';
  return runtime.compute(() => [runtime.enqueue(operation, FLOATS, [runtime.of(x)], x.shape.slice(-1))]);
};
