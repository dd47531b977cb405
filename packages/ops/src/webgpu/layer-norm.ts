import type * as tf from '@tensorflow/tfjs-core';
import { rowsOf } from '../check.js';
import type { Kernel } from '../define-op.js';
import { sumColumns } from './channels.js';
import { forEachRow, type RowSum } from './row-reductions.js';
import { webGpuRuntime } from './runtime.js';

/** Sums that give `mean` and `invStd`. */
const standardize: RowSum[] = [
  { name: 'sum', each: 'sumV += x[at];', after: 'let mean = sum * u.inverseColumns;' },
  {
    name: 'squares',
    each: 'let d = x[at] - mean; squaresV = fma(d, d, squaresV);',
    after: 'let invStd = inverseSqrt(squares * u.inverseColumns + u.epsilon);',
  },
];

type LayerNormInputs = { x: tf.Tensor; gamma: tf.Tensor1D; beta: tf.Tensor1D };

export const layerNormWebGpu: Kernel<LayerNormInputs, { epsilon: number }> = ({
  inputs: { x, gamma, beta },
  attrs: { epsilon },
  backend,
}) => {
  const runtime = webGpuRuntime(backend);
  const out = runtime.output(x.shape);
  forEachRow(runtime, {
    key: 'layerNorm',
    rows: rowsOf(x),
    columns: gamma.shape[0],
    tensors: { x },
    vectors: { gamma, beta },
    out,
    numbers: { epsilon },
    sums: standardize,
    result: '(x[at] - mean) * invStd * gamma[c] + beta[c]',
  });
  return out;
};

export const layerNormGradWebGpu: Kernel<
  { x: tf.Tensor; dy: tf.Tensor; gamma: tf.Tensor1D },
  { epsilon: number }
> = ({ inputs: { x, dy, gamma }, attrs: { epsilon }, backend }) => {
  const runtime = webGpuRuntime(backend);
  const rows = rowsOf(x);
  const columns = gamma.shape[0];
  const dx = runtime.output(x.shape);
  // The gradient of gamma sums dy · xHat over rows.
  const weighted = runtime.output(x.shape);
  forEachRow(runtime, {
    key: 'layerNormGrad',
    rows,
    columns,
    numbers: { epsilon },
    tensors: { x, dy },
    vectors: { gamma },
    out: dx,
    sums: [
      ...standardize,
      {
        name: 'g',
        each: 'gV = fma(dy[at], gamma[c], gV);',
        after: 'let gMean = g * u.inverseColumns;',
      },
      {
        name: 'along',
        each: 'alongV = fma(dy[at] * gamma[c], (x[at] - mean) * invStd, alongV);',
        after: 'let slope = along * u.inverseColumns;',
      },
    ],
    result: '(dy[at] * gamma[c] - gMean - (x[at] - mean) * invStd * slope) * invStd',
    second: { out: weighted, result: 'dy[at] * (x[at] - mean) * invStd' },
  });
  const dgamma = sumColumns(runtime, weighted, rows, columns);
  runtime.free(weighted);
  return [dx, dgamma, sumColumns(runtime, dy, rows, columns)];
};
