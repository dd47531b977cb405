import type * as tf from '@tensorflow/tfjs-core';
import type { Kernel } from '../define-op.js';
import { computeElementwise } from './elementwise.js';

export const movingAverageWebGpu: Kernel<
  { average: tf.Tensor; latest: tf.Tensor },
  { momentum: number; factor: number }
> = ({ inputs, attrs: { momentum, factor }, backend }) =>
  computeElementwise(backend, {
    key: 'movingAverage',
    like: inputs.average,
    inputs: { ...inputs },
    numbers: { kept: 1 - momentum, added: momentum * factor },
    result: () => 'average[i] * u.kept + latest[i] * u.added',
  });
