import type * as tf from '@tensorflow/tfjs-core';
import type { Kernel } from '../define-op.js';
import { tensorFlowRuntime } from './runtime.js';

export const movingAverageTensorFlow: Kernel<
  { average: tf.Tensor; latest: tf.Tensor },
  { momentum: number; factor: number }
> = ({ inputs: { average, latest }, attrs: { momentum, factor }, backend }) => {
  const runtime = tensorFlowRuntime(backend);
  return runtime.compute(() => {
    const kept = runtime.floats('Mul', runtime.of(average), runtime.constant(1 - momentum));
    const entering = runtime.floats('Mul', runtime.of(latest), runtime.constant(momentum * factor));
    return [runtime.floats('AddV2', kept, entering)];
  });
};
