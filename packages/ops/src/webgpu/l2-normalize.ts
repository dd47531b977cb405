import type * as tf from '@tensorflow/tfjs-core';
import type { Kernel } from '../define-op.js';
import { forEachRow } from './row-reductions.js';
import { webGpuRuntime } from './runtime.js';

export const l2NormalizeWebGpu: Kernel<{ x: tf.Tensor2D }, { epsilon: number }> = ({
  inputs: { x },
  attrs: { epsilon },
  backend,
}) => {
  const runtime = webGpuRuntime(backend);
  const out = runtime.output(x.shape);
  forEachRow(runtime, {
    key: 'l2Normalize',
    rows: x.shape[0],
    columns: x.shape[1],
    tensors: { x },
    out,
    numbers: { epsilon },
    sums: [
      {
        name: 'squares',
        each: 'squaresV = fma(x[at], x[at], squaresV);',
        after: 'let inverse = 1.0 / max(sqrt(squares), u.epsilon);',
      },
    ],
    result: 'x[at] * inverse',
  });
  return out;
};

export const l2NormalizeGradWebGpu: Kernel<{ x: tf.Tensor2D; dy: tf.Tensor2D }, { epsilon: number }> = ({
  inputs: { x, dy },
  attrs: { epsilon },
  backend,
}) => {
  const runtime = webGpuRuntime(backend);
  const out = runtime.output(x.shape);
  forEachRow(runtime, {
    key: 'l2NormalizeGrad',
    rows: x.shape[0],
    columns: x.shape[1],
    tensors: { x, dy },
    out,
    numbers: { epsilon },
    sums: [
      {
        name: 'squares',
        each: 'squaresV = fma(x[at], x[at], squaresV);',
        after: 'let norm = sqrt(squares); let inverse = 1.0 / max(norm, u.epsilon);',
      },
      {
        name: 'along',
        each: 'alongV = fma(x[at], dy[at], alongV);',
        after: 'let factor = select(0.0, along * inverse * inverse, norm > u.epsilon);',
      },
    ],
    result: '(dy[at] - x[at] * factor) * inverse',
  });
  return out;
};
