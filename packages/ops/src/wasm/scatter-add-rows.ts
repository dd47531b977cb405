import type * as tf from '@tensorflow/tfjs-core';
import type { Kernel } from '../define-op.js';
import { wasmRuntime } from './runtime.js';

export const scatterAddRowsWasm: Kernel<{ x: tf.Tensor2D; ids: tf.Tensor1D }, { rows: number }> = ({
  inputs: { x, ids },
  attrs: { rows },
  backend,
}) => {
  const runtime = wasmRuntime(backend);
  const [count, dimensions] = x.shape;
  const out = runtime.output([rows, dimensions]);
  const outAt = runtime.pointer(out);
  runtime.floats(outAt, rows * dimensions).fill(0);
  runtime.kernels.scatterAddRows(runtime.pointer(x), runtime.pointer(ids), count, dimensions, rows, outAt);
  return out;
};
