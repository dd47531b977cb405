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
  const [xAt, idsAt, outAt] = [runtime.pointer(x), runtime.pointer(ids), runtime.pointer(out)];
  runtime.floats(outAt, rows * dimensions).fill(0);
  runtime.kernels.scatterAddRows(xAt, idsAt, count, dimensions, rows, outAt);
  return out;
};

export const gatherRowsWasm: Kernel<{ x: tf.Tensor2D; ids: tf.Tensor1D }, { rows: number }> = ({
  inputs: { x, ids },
  backend,
}) => {
  const runtime = wasmRuntime(backend);
  const [rows, dimensions] = x.shape;
  const count = ids.shape[0];
  const wrong = runtime.ints(runtime.pointer(ids), count).find((id) => id < 0 || id >= rows);
  if (wrong !== undefined) throw new RangeError(`gatherRows: there is no row ${wrong} among ${rows}.`);
  const out = runtime.output([count, dimensions]);
  const [xAt, idsAt, outAt] = [runtime.pointer(x), runtime.pointer(ids), runtime.pointer(out)];
  runtime.kernels.gatherRows(xAt, idsAt, count, dimensions, outAt);
  return out;
};
