import type * as tf from '@tensorflow/tfjs-core';
import { rowsOf } from '../check.js';
import type { Kernel } from '../define-op.js';
import { forChannels, sumColumns } from './channels.js';
import { webGpuRuntime } from './runtime.js';

export const columnSumsWebGpu: Kernel<{ x: tf.Tensor }, object> = ({ inputs: { x }, backend }) =>
  sumColumns(webGpuRuntime(backend), x, rowsOf(x), x.shape[x.rank - 1]);

export const addBiasWebGpu: Kernel<{ x: tf.Tensor; bias: tf.Tensor1D }, object> = ({
  inputs: { x, bias },
  backend,
}) => {
  const runtime = webGpuRuntime(backend);
  const y = runtime.output(x.shape);
  forChannels(runtime, {
    key: 'addBias',
    rows: rowsOf(x),
    channels: bias.shape[0],
    tensors: { x, y },
    vectors: { bias },
    written: ['y'],
    before: () => 'let b = bias[c];',
    each: () => 'y[at] = x[at] + b;',
  });
  return y;
};
