import * as tf from '@tensorflow/tfjs-core';
import type { LossInputs, LossPlan } from '../pairs/loss-plan.js';
import { EuclideanPasses } from './euclidean-passes.js';
import { isOnHost, newMatrix, viewOf } from './heap.js';
import { type Kernel, PartTotal } from './kernel.js';
import { finishGradient, type Prepared, prepare } from './prepared.js';
import { multiply } from './product.js';

/** Returns whether the plan and the distance have a form for the host, and the backend keeps tensors there. */
export function runsOnHost(plan: LossPlan, { distance }: LossInputs): boolean {
  return !!plan.kernel && !!distance.hostForm && isOnHost();
}

/**
 * Computes a loss and its gradients as `computeLoss` does, with the matrix products on the backend and everything else in
 * one pass over its memory. A loss of one part computes each block once.
 */
export function computeOnHost(
  plan: LossPlan & { kernel: Kernel },
  inputs: LossInputs,
  blocks: [number, number][],
): { value: tf.Scalar; gradients: tf.Tensor[] } {
  const { query, reference, parameters, labels, reducer, distance, constantReference } = inputs;
  const rows = prepare(query, distance.normalize, false);
  const isSelf = !reference;
  const isEuclidean = distance.hostForm === 'euclidean';
  // Scaling takes two passes over the matrix, or a part of the passes of a Euclidean distance; a normalized copy takes one over the
  // reference.
  const scales = query.shape[0] < query.shape[1] * (isEuclidean ? 4 : 0.5);
  const columns = reference ? prepare(reference, distance.normalize, scales) : rows;
  const weights = plan.counts.map((counts) => reducer.rowWeights(counts, labels));
  const totals = weights.map((rowWeights) => new PartTotal({ rowWeights, range: reducer.range }));
  // The sum of a symmetric matrix and its transpose is twice the matrix.
  const isSquare = isSelf && blocks.length === 1;
  const isDoubled = isSquare && plan.isSymmetric && weights.every(areEqual);
  const euclidean = isEuclidean
    ? new EuclideanPasses(rows, columns, distance.power, !isDoubled && !constantReference)
    : undefined;
  const values = parameters.map((parameter) => viewOf(parameter).slice());
  const gradients = values.map((value) => new Float32Array(value.length));

  /** Replaces a block's distances by their gradient. */
  const evaluate = (matrix: Float32Array, start: number, end: number) => {
    plan.kernel({
      matrix,
      rows: end - start,
      columns: columns.squares.length,
      start,
      parts: totals,
      parameters: values,
      gradients,
    });
  };
  const openBlock = ([start, end]: [number, number]) => {
    const part =
      blocks.length === 1 ? tf.clone(rows.tensor) : tf.slice(rows.tensor, [start, 0], [end - start, -1]);
    const product = multiply(part, columns.tensor, false, true);
    if (euclidean) euclidean.toDistances(viewOf(product), start);
    else scaleColumns(viewOf(product), columns);
    return { part, product };
  };

  const inverseOf = ({ count, divisor }: PartTotal) =>
    invert(reducer.divisor === 'loss' && !Number.isNaN(divisor) ? divisor : count);

  /** Returns the factor that gives the first part the divisor of the second, so that the result is divided by one of them. */
  const ratioOf = () => {
    const [first, second] = totals.map(inverseOf);
    return second === 0 ? 1 : first / second;
  };
  const shareDivisor = (matrix: Float32Array) => {
    const ratio = ratioOf();
    for (let row = 0, from = 0; from < matrix.length; row++, from += columns.squares.length) {
      for (const column of plan.firstPart?.columnsOf(row) ?? []) matrix[from + column] *= ratio;
    }
  };

  const division = chooseDivision(plan, inputs, blocks.length, columns.squares.length);
  const firstPart =
    division === 'separate'
      ? plan.firstPart?.createSum(rows, columns, plan.firstPart.columnsOf, euclidean)
      : undefined;
  let only: ReturnType<typeof openBlock> | undefined;
  if (division === 'known') {
    for (const [k, total] of totals.entries()) total.scale = invert(plan.divisors?.[k] ?? 0);
  } else if (division === 'measured') {
    for (const block of blocks) {
      if (plan.isEmpty?.(...block)) continue;
      const opened = openBlock(block);
      evaluate(viewOf(opened.product).slice(), ...block);
      if (blocks.length === 1) only = opened;
      else tf.dispose([opened.part, opened.product]);
    }
    for (const total of totals) {
      total.scale = inverseOf(total);
      total.sum = 0;
      total.count = 0;
      total.divisor = Number.NaN;
    }
    for (const gradient of gradients) gradient.fill(0);
  }

  const dRows: tf.Tensor2D[] = [];
  let dColumns: tf.Tensor2D | undefined;
  for (const block of blocks) {
    const [start, end] = block;
    if (plan.isEmpty?.(start, end)) {
      dRows.push(tf.zeros([end - start, query.shape[1]]));
      continue;
    }
    const { part, product } = only ?? openBlock(block);
    // The derivative of a square contains no distance.
    const distances = euclidean && distance.power !== 2 ? copy(product) : product;
    const matrix = viewOf(product);
    evaluate(matrix, start, end);
    if (division === 'shared') shareDivisor(matrix);
    if (euclidean) euclidean.toProducts(matrix, viewOf(distances), start);
    else scaleColumns(matrix, columns);
    if (distances !== product) distances.dispose();
    if (firstPart) firstPart.take(matrix, start);
    if (isSquare && !isDoubled) addTranspose(matrix, end);
    dRows.push(multiply(product, columns.tensor));
    if (!constantReference && !isSquare) {
      const added = multiply(product, part, true, false);
      const sum: tf.Tensor2D = dColumns ? tf.add(dColumns, added) : added;
      if (dColumns) tf.dispose([dColumns, added]);
      dColumns = sum;
    }
    tf.dispose([part, product]);
  }

  // Whether the result is still to be divided.
  const isLate = division === 'shared' || division === 'separate' || division === 'last';
  let value = 0;
  for (const total of totals) {
    value += total.sum * (isLate ? inverseOf(total) : total.scale);
  }
  const areFinite = rows.areFinite && columns.areFinite;
  const factor = !areFinite
    ? Number.NaN
    : isLate
      ? totals.reduce((inverse, total) => inverseOf(total) || inverse, 0)
      : 1;
  let dQuery = dRows.length === 1 ? dRows[0] : (tf.concat(dRows) as tf.Tensor2D);
  if (isSelf && dColumns) dQuery = tf.add(dQuery, dColumns) as tf.Tensor2D;
  const rowSums = euclidean?.rowSums;
  if (isSelf && rowSums) {
    for (const [row, sum] of euclidean.columnSums?.entries() ?? []) rowSums[row] += sum;
  }
  firstPart?.addTo(dQuery, ratioOf());
  finishGradient(viewOf(dQuery), rows, rowSums, isDoubled ? 2 * factor : factor);
  const results: tf.Tensor[] = [dQuery];
  if (reference) {
    const dReference = dColumns ?? (tf.zeros(reference.shape) as tf.Tensor2D);
    if (!constantReference) {
      finishGradient(viewOf(dReference), columns, euclidean?.columnSums, factor);
      results.push(dReference);
    }
  }
  for (const [k, gradient] of gradients.entries()) {
    results.push(
      tf.tensor(
        gradient.map((x) => x * factor),
        parameters[k].shape,
      ),
    );
  }
  return { value: tf.scalar(areFinite ? value : Number.NaN), gradients: results };
}

/**
 * When a loss is divided. `known`: its divisors are known before it is computed. `measured`: a pass of its own computes them. `last`:
 * at the end. `shared`: at the end by the second part's, after the first part's gradients are changed. `separate`: likewise, with the
 * first part's gradients added apart, because its divisor is known only after the last block. Undefined: never.
 */
type Division = 'known' | 'measured' | 'last' | 'shared' | 'separate' | undefined;

/** The divisors of several parts are needed before their gradients can be added. */
function chooseDivision(
  { divisors, counts, firstPart }: LossPlan,
  { reducer: { divisor }, constantReference }: LossInputs,
  blocks: number,
  columns: number,
): Division {
  if (divisor === undefined) return undefined;
  if (divisor === 'loss' && divisors) return 'known';
  if (blocks === 1 && firstPart) return 'shared';
  if (counts.length === 1) return 'last';
  const inFirst = counts[0].reduce((sum, count) => sum + count, 0);
  return firstPart && constantReference && inFirst * FEW < counts[0].length * columns
    ? 'separate'
    : 'measured';
}

/** Adding a few entries' gradients one by one costs less than a second pass over all. */
const FEW = 32;

function areEqual(values: Float32Array): boolean {
  return values.every((value) => value === values[0]);
}

/** Returns 0 for a divisor of 0. */
function invert(divisor: number): number {
  return divisor === 0 ? 0 : 1 / divisor;
}

function copy(x: tf.Tensor2D): tf.Tensor2D {
  const y = newMatrix(...x.shape);
  viewOf(y).set(viewOf(x));
  return y;
}

function scaleColumns(matrix: Float32Array, { scale }: Prepared): void {
  if (!scale) return;
  const columns = scale.length;
  for (let from = 0; from < matrix.length; from += columns) {
    for (let column = 0; column < columns; column++) matrix[from + column] *= scale[column];
  }
}

const TILE = 32;

/** Adds the transpose of a square matrix, in place. */
function addTranspose(matrix: Float32Array, size: number): void {
  // A copy of one tile: rows at a stride of a power of 2 would share few lines of the cache.
  const tile = new Float32Array(TILE * TILE);
  for (let top = 0; top < size; top += TILE) {
    const rows = Math.min(TILE, size - top);
    for (let left = top; left < size; left += TILE) {
      const columns = Math.min(TILE, size - left);
      for (let column = 0; column < columns; column++) {
        const from = (left + column) * size + top;
        for (let row = 0; row < rows; row++) tile[row * TILE + column] = matrix[from + row];
      }
      for (let row = 0; row < rows; row++) {
        const from = (top + row) * size + left;
        for (let column = 0; column < columns; column++) {
          const sum = matrix[from + column] + tile[row * TILE + column];
          matrix[from + column] = sum;
          tile[row * TILE + column] = sum;
        }
      }
      if (left === top) continue;
      for (let column = 0; column < columns; column++) {
        const to = (left + column) * size + top;
        for (let row = 0; row < rows; row++) matrix[to + row] = tile[row * TILE + column];
      }
    }
  }
}
