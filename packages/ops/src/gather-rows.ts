import * as tf from '@tensorflow/tfjs-core';
import { checkFloat } from './check.js';
import { defineOp } from './define-op.js';
import { gatherRowsWasm, scatterAddRowsWasm } from './wasm/rows.js';
import { gatherRowsWebGpu, scatterAddRowsWebGpu } from './webgpu/gather-rows.js';

type RowOp = (inputs: { x: tf.Tensor2D; ids: tf.Tensor1D }, attrs: { rows: number }) => tf.Tensor[];

const scatterOp: RowOp = /* @__PURE__ */ defineOp<{ x: tf.Tensor2D; ids: tf.Tensor1D }, { rows: number }>({
  name: 'UnitsphereScatterAddRows',
  compose: ({ x, ids }, { rows }) => tf.unsortedSegmentSum(x, ids, rows),
  gradient: ([dy], [ids], { rows }) => ({
    x: () => gatherOp({ x: dy as tf.Tensor2D, ids: ids as tf.Tensor1D }, { rows })[0],
    ids: () => {
      throw new Error('scatterAddRows: ids have no gradient: they are row indices.');
    },
  }),
  inputsToSave: ['ids'],
  kernels: { wasm: scatterAddRowsWasm, webgpu: scatterAddRowsWebGpu },
});

const gatherOp: RowOp = /* @__PURE__ */ defineOp<{ x: tf.Tensor2D; ids: tf.Tensor1D }, { rows: number }>({
  name: 'UnitsphereGatherRows',
  compose: ({ x, ids }) => tf.gather(x, ids),
  inputsToSave: ['ids'],
  gradient: ([dy], [ids], { rows }) => ({
    x: () => scatterOp({ x: dy as tf.Tensor2D, ids: ids as tf.Tensor1D }, { rows })[0],
    ids: () => {
      throw new Error('gatherRows: ids have no gradient: they are row indices.');
    },
  }),
  kernels: { wasm: gatherRowsWasm, webgpu: gatherRowsWebGpu },
});

function checkIds(op: string, ids: tf.Tensor): void {
  if (ids.rank !== 1 || ids.dtype !== 'int32') {
    throw new Error(`${op}: ids must be an int32 vector, not ${ids.dtype} of shape [${ids.shape}].`);
  }
}

/**
 * Gathers rows of x by index. The gradients of a row that is taken more than once are summed. Indices are checked on the
 * WebAssembly backend only: elsewhere the download would cost more than the operation.
 * @param x float32 [rows, dimensions].
 * @param ids int32 [count], each in [0, rows).
 * @returns float32 [count, dimensions].
 * @throws Error on a wrong rank or dtype. On WebAssembly, RangeError for an index outside [0, rows).
 */
export function gatherRows(x: tf.Tensor2D, ids: tf.Tensor1D): tf.Tensor2D {
  checkFloat('gatherRows', 'x', x, 2);
  checkIds('gatherRows', ids);
  return gatherOp({ x, ids }, { rows: x.shape[0] })[0] as tf.Tensor2D;
}

/**
 * Sums the rows of x that share an index: out[ids[i]] += x[i].
 * @param x float32 [count, dimensions].
 * @param ids int32 [count], each in [0, rows).
 * @param rows Number of rows of the result.
 * @returns float32 [rows, dimensions]; rows without an index are zero.
 * @throws Error on a wrong rank or dtype, if the counts differ, or if rows is not a positive integer.
 */
export function scatterAddRows(x: tf.Tensor2D, ids: tf.Tensor1D, rows: number): tf.Tensor2D {
  checkFloat('scatterAddRows', 'x', x, 2, true);
  checkIds('scatterAddRows', ids);
  if (x.shape[0] !== ids.shape[0]) {
    throw new Error(`scatterAddRows: x has ${x.shape[0]} rows, but ids has ${ids.shape[0]} values.`);
  }
  if (!Number.isInteger(rows) || rows < 1) {
    throw new Error(`scatterAddRows: rows must be a positive integer, not ${rows}.`);
  }
  return scatterOp({ x, ids }, { rows })[0] as tf.Tensor2D;
}
