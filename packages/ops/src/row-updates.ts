import * as tf from '@tensorflow/tfjs-core';
import { adamWCorrections } from './adamw-corrections.js';
import { checkEqual, checkFloat } from './check.js';
import { defineOp } from './define-op.js';
import { gatherRows } from './gather-rows.js';
import { adamWRowsWasm, assignRowsWasm } from './wasm/row-updates.js';
import { adamWRowsWebGpu, assignRowsWebGpu } from './webgpu/row-updates.js';

/** The numbers of one step of AdamW that all rows share. */
export interface AdamWRowsStep {
  /** Learning rate. */
  lr: number;
  /** Decay of the running mean of gradients. */
  beta1: number;
  /** Decay of the running mean of squared gradients. */
  beta2: number;
  /** Added to the root of the running mean of squares. */
  eps: number;
  /** Decoupled decay: a row is multiplied by 1 − lr · weightDecay. */
  weightDecay: number;
  /** Each row's step, counted from 1: the bias of its running means is undone by it. */
  steps: Int32Array;
  /** The gradient is multiplied by it first. Default 1. */
  gradientScale?: number;
}

/** The numbers of one step of SGD that all rows share. */
export interface SgdRowsStep {
  /** Learning rate. */
  lr: number;
  /** What is kept of the momentum buffer; 0 for none. */
  momentum: number;
  /** How much of the gradient is kept from entering the momentum buffer; not at a row's first step. */
  dampening: number;
  /** Look ahead along the momentum. */
  nesterov: boolean;
  /** Coupled decay: weightDecay · row is added to the gradient. */
  weightDecay: number;
  /** Each row's step, counted from 1: the first one fills its momentum buffer with the gradient. */
  steps: Int32Array;
  /** The gradient is multiplied by it first. Default 1. */
  gradientScale?: number;
}

export interface AdamWRowsInputs {
  parameter: tf.Tensor;
  expAvg: tf.Tensor;
  expAvgSq: tf.Tensor;
  ids: tf.Tensor;
  gradient: tf.Tensor;
  /** float32 [n]: lr over 1 − beta1^step. */
  stepSize: tf.Tensor;
  /** float32 [n]: one over the root of 1 − beta2^step. */
  inverseRootCorrection2: tf.Tensor;
}

export interface AdamWRowsAttrs {
  beta1: number;
  beta2: number;
  eps: number;
  gradientScale: number;
  /** What decay leaves of a row. */
  kept: number;
}

// Gives the new rows of the three; a kernel that changes them where they lie gives nothing.
const adamWRowsOp = /* @__PURE__ */ defineOp<AdamWRowsInputs & { [name: string]: tf.Tensor }, AdamWRowsAttrs>(
  {
    name: 'UnitsphereAdamWRows',
    compose: ({ parameter, expAvg, expAvgSq, ids, gradient, stepSize, inverseRootCorrection2 }, f) => {
      const rows = (x: tf.Tensor) => tf.gather(x, ids as tf.Tensor1D);
      const column = (x: tf.Tensor) => tf.reshape(x, [-1, 1]);
      const g = f.gradientScale === 1 ? gradient : tf.mul(gradient, f.gradientScale);
      const mean = tf.add(tf.mul(rows(expAvg), f.beta1), tf.mul(g, 1 - f.beta1));
      const meanSquare = tf.add(tf.mul(rows(expAvgSq), f.beta2), tf.mul(tf.square(g), 1 - f.beta2));
      const denominator = tf.add(tf.mul(tf.sqrt(meanSquare), column(inverseRootCorrection2)), f.eps);
      const step = tf.div(tf.mul(mean, column(stepSize)), denominator);
      return [tf.sub(tf.mul(rows(parameter), f.kept), step), mean, meanSquare];
    },
    kernels: { wasm: adamWRowsWasm, webgpu: adamWRowsWebGpu },
  },
);

// Gives the whole table anew; a kernel that changes it where it lies gives nothing.
const assignRowsOp = /* @__PURE__ */ defineOp<{ table: tf.Tensor; ids: tf.Tensor; rows: tf.Tensor }, object>({
  name: 'UnitsphereAssignRows',
  compose: ({ table, ids, rows }) => tf.tensorScatterUpdate(table, tf.reshape(ids, [-1, 1]), rows),
  kernels: { wasm: assignRowsWasm, webgpu: assignRowsWebGpu },
});

/**
 * Assigns rows of a variable, where the backend can without a copy of the rest. The variable must not share its values
 * with another tensor (a clone, or the tensor that it was made of): on WebAssembly and WebGPU they change where they lie.
 * @param table float32 [rows, dimensions].
 * @param ids int32 [n], each in [0, rows), each once; not checked, as that would cost a download.
 * @param rows float32 [n, dimensions].
 * @throws Error on a wrong rank, dtype or size.
 */
export function assignRows(table: tf.Variable, ids: tf.Tensor1D, rows: tf.Tensor2D): void {
  checkRows('assignRows', ids, rows, { table });
  tf.tidy(() => {
    const [whole] = assignRowsOp({ table, ids, rows }, {});
    if (whole) table.assign(whole);
  });
}

/**
 * One step of AdamW on rows of a variable and of its two running means; the other rows stay as they are. A row's step
 * count is its own. The three must not share their values with another tensor: see {@link assignRows}.
 * @param parameter float32 [rows, dimensions].
 * @param expAvg float32, the parameter's shape: the running mean of gradients.
 * @param expAvgSq float32, the parameter's shape: the running mean of squared gradients.
 * @param ids int32 [n]: the rows, each once; not checked.
 * @param gradient float32 [n, dimensions]; not disposed.
 * @throws Error on a wrong rank, dtype or size.
 */
export function adamWUpdateRows(
  parameter: tf.Variable,
  expAvg: tf.Variable,
  expAvgSq: tf.Variable,
  ids: tf.Tensor1D,
  gradient: tf.Tensor2D,
  { lr, beta1, beta2, eps, weightDecay, steps, gradientScale = 1 }: AdamWRowsStep,
): void {
  const tables = { parameter, expAvg, expAvgSq };
  checkRows('adamWUpdateRows', ids, gradient, tables);
  checkEqual('adamWUpdateRows', 'the number of steps', steps.length, ids.shape[0]);
  tf.tidy(() => {
    const corrections = adamWCorrections(steps, { lr, beta1, beta2 });
    const stepSize = tf.tensor1d(corrections.stepSize);
    const inverseRootCorrection2 = tf.tensor1d(corrections.inverseRootCorrection2);
    const updated = adamWRowsOp(
      { ...tables, ids, gradient, stepSize, inverseRootCorrection2 },
      { beta1, beta2, eps, gradientScale, kept: 1 - lr * weightDecay },
    ) as tf.Tensor2D[];
    updated.forEach((rows, i) => {
      assignRows([parameter, expAvg, expAvgSq][i], ids, rows);
    });
  });
}

/**
 * One step of stochastic gradient descent on rows of a variable and of its momentum buffer; the other rows stay as they
 * are. The two must not share their values with another tensor: see {@link assignRows}.
 * @param parameter float32 [rows, dimensions].
 * @param momentumBuffer float32, the parameter's shape; null where momentum is 0.
 * @param ids int32 [n]: the rows, each once; not checked.
 * @param gradient float32 [n, dimensions]; not disposed.
 * @throws Error on a wrong rank, dtype or size, or where momentum is not 0 and there is no buffer.
 */
export function sgdUpdateRows(
  parameter: tf.Variable,
  momentumBuffer: tf.Variable | null,
  ids: tf.Tensor1D,
  gradient: tf.Tensor2D,
  { lr, momentum, dampening, nesterov, weightDecay, steps, gradientScale = 1 }: SgdRowsStep,
): void {
  checkRows('sgdUpdateRows', ids, gradient, momentumBuffer ? { parameter, momentumBuffer } : { parameter });
  checkEqual('sgdUpdateRows', 'the number of steps', steps.length, ids.shape[0]);
  if (momentum !== 0 && !momentumBuffer) {
    throw new Error(`sgdUpdateRows: a momentum of ${momentum} needs a momentum buffer.`);
  }
  tf.tidy(() => {
    const rows = gatherRows(parameter as tf.Variable<tf.Rank.R2>, ids);
    const g = gradientScale === 1 ? gradient : tf.mul(gradient, gradientScale);
    let direction: tf.Tensor = weightDecay === 0 ? g : tf.add(g, tf.mul(rows, weightDecay));
    if (momentumBuffer && momentum !== 0) {
      // [n, 1]: what a row's buffer keeps of itself and takes of the gradient.
      const column = (first: number, later: number) =>
        tf.tensor2d(
          Float32Array.from(steps, (step) => (step === 1 ? first : later)),
          [steps.length, 1],
        );
      const buffer = tf.add(
        tf.mul(gatherRows(momentumBuffer as tf.Variable<tf.Rank.R2>, ids), column(0, momentum)),
        tf.mul(direction, column(1, 1 - dampening)),
      ) as tf.Tensor2D;
      assignRows(momentumBuffer, ids, buffer);
      direction = nesterov ? tf.add(direction, tf.mul(buffer, momentum)) : buffer;
    }
    assignRows(parameter, ids, tf.sub(rows, tf.mul(direction, lr)));
  });
}

function checkRows(
  op: string,
  ids: tf.Tensor1D,
  rows: tf.Tensor2D,
  tables: { [name: string]: tf.Tensor },
): void {
  if (ids.rank !== 1 || ids.dtype !== 'int32') {
    throw new Error(`${op}: ids must be an int32 vector, not ${ids.dtype} of shape [${ids.shape}].`);
  }
  checkFloat(op, 'the rows', rows, 2);
  checkEqual(op, 'the number of rows', rows.shape[0], ids.shape[0]);
  const shape = Object.values(tables)[0].shape;
  for (const [name, table] of Object.entries(tables)) {
    checkFloat(op, name, table, 2);
    checkEqual(op, `${name}'s row count`, table.shape[0], shape[0]);
    checkEqual(op, `${name}'s dimensions`, table.shape[1]!, rows.shape[1]);
  }
}
