import * as tf from '@tensorflow/tfjs-core';
import { adamWCorrections } from './adamw-corrections.js';
import { checkEqual, checkFloat } from './check.js';
import { defineOp } from './define-op.js';
import { gatherRows } from './gather-rows.js';
import type { AdamWRowsFactors, AdamWRowsInputs } from './optimizer-attrs.js';
import { adamWRowsTensorFlow, assignRowsTensorFlow } from './tensorflow/row-updates.js';
import { adamWRowsWasm, assignRowsWasm } from './wasm/row-updates.js';
import { adamWRowsWebGpu, assignRowsWebGpu } from './webgpu/row-updates.js';

/** Options of one step of AdamW on rows. */
export interface AdamWRowsStep {
  /** Learning rate. */
  lr: number;
  /** Decay of the running mean of gradients. */
  beta1: number;
  /** Decay of the running mean of squared gradients. */
  beta2: number;
  /** Added to the square root of the running mean of squares. */
  eps: number;
  /** Decoupled weight decay: a row is multiplied by 1 − lr · weightDecay. */
  weightDecay: number;
  /** Step of each row, counted from 1, for the bias correction of its running means. */
  steps: Int32Array;
  /** Factor applied to the gradient first. Default 1. */
  gradientScale?: number;
}

/** Options of one step of SGD on rows. */
export interface SgdRowsStep {
  /** Learning rate. */
  lr: number;
  /** Factor of the momentum buffer; 0 turns momentum off. */
  momentum: number;
  /** Fraction of the gradient that does not enter the momentum buffer; ignored at a row's first step. */
  dampening: number;
  /** Whether to use Nesterov momentum. */
  nesterov: boolean;
  /** Coupled weight decay: weightDecay · row is added to the gradient. */
  weightDecay: number;
  /** Step of each row, counted from 1. The first step sets the row's momentum buffer to the gradient. */
  steps: Int32Array;
  /** Factor applied to the gradient first. Default 1. */
  gradientScale?: number;
}

// Returns the new rows of the three tables. A kernel that updates the tables in place returns nothing.
const adamWRowsOp = /* @__PURE__ */ defineOp<
  AdamWRowsInputs & { [name: string]: tf.Tensor },
  AdamWRowsFactors
>({
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
  kernels: { wasm: adamWRowsWasm, webgpu: adamWRowsWebGpu, tensorflow: adamWRowsTensorFlow },
});

// Returns the whole new table. A kernel that updates the table in place returns nothing.
const assignRowsOp = /* @__PURE__ */ defineOp<{ table: tf.Tensor; ids: tf.Tensor; rows: tf.Tensor }, object>({
  name: 'UnitsphereAssignRows',
  compose: ({ table, ids, rows }) => tf.tensorScatterUpdate(table, tf.reshape(ids, [-1, 1]), rows),
  kernels: { wasm: assignRowsWasm, webgpu: assignRowsWebGpu, tensorflow: assignRowsTensorFlow },
});

/**
 * Assigns rows of a variable: in place on WebAssembly and WebGPU, by a copy of the table elsewhere. The variable must not
 * share its values with another tensor, such as a clone or the tensor it was created from: their values would change too.
 * @param table float32 [rows, dimensions].
 * @param ids int32 [n], distinct, each in [0, rows). Not checked: a check would cost a download.
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
 * Takes one step of AdamW on some rows of a variable and of its two running means; the other rows do not change. Each row has
 * its own step count. The three variables must not share their values with another tensor: see {@link assignRows}.
 * @param parameter float32 [rows, dimensions].
 * @param expAvg float32, the parameter's shape: running mean of gradients.
 * @param expAvgSq float32, the parameter's shape: running mean of squared gradients.
 * @param ids int32 [n]: distinct row indices; not checked.
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
 * Takes one step of stochastic gradient descent on some rows of a variable and of its momentum buffer; the other rows do not
 * change. The two variables must not share their values with another tensor: see {@link assignRows}.
 * @param parameter float32 [rows, dimensions].
 * @param momentumBuffer float32, the parameter's shape; may be null if momentum is 0.
 * @param ids int32 [n]: distinct row indices; not checked.
 * @param gradient float32 [n, dimensions]; not disposed.
 * @throws Error on a wrong rank, dtype or size, or if momentum is not 0 and there is no buffer.
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
    throw new Error(`sgdUpdateRows: a momentum of ${momentum} requires a momentum buffer.`);
  }
  tf.tidy(() => {
    const rows = gatherRows(parameter as tf.Variable<tf.Rank.R2>, ids);
    const g = gradientScale === 1 ? gradient : tf.mul(gradient, gradientScale);
    let direction: tf.Tensor = weightDecay === 0 ? g : tf.add(g, tf.mul(rows, weightDecay));
    if (momentumBuffer && momentum !== 0) {
      // [n, 1]: a factor for rows at their first step, and another for later steps.
      const factors = (first: number, later: number) =>
        tf.tensor2d(
          Float32Array.from(steps, (step) => (step === 1 ? first : later)),
          [steps.length, 1],
        );
      const buffer = tf.add(
        tf.mul(gatherRows(momentumBuffer as tf.Variable<tf.Rank.R2>, ids), factors(0, momentum)),
        tf.mul(direction, factors(1, 1 - dampening)),
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
  const tableRows = Object.values(tables)[0].shape[0];
  for (const [name, table] of Object.entries(tables)) {
    checkFloat(op, name, table, 2);
    checkEqual(op, `${name}'s row count`, table.shape[0], tableRows);
    checkEqual(op, `${name}'s dimensions`, (table as tf.Tensor2D).shape[1], rows.shape[1]);
  }
}
