import * as tf from '@tensorflow/tfjs-core';
import type { LossInputs, LossPlan } from '../pairs/loss-plan.js';
import { isOnHost, viewOf } from './heap.js';
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
    if (isEuclidean) toDistances(viewOf(product), rows, columns, start, distance.power);
    else scaleColumns(viewOf(product), columns);
    return { part, product };
  };

  const inverseOf = ({ count, divisor }: PartTotal) =>
    invert(reducer.divisor === 'loss' && !Number.isNaN(divisor) ? divisor : count);

  /** Gives the first part the divisor of the second, so that the result is divided by one of them. */
  const shareDivisor = (matrix: Float32Array) => {
    const [first, second] = totals.map(inverseOf);
    if (second === 0) return;
    for (let row = 0, from = 0; from < matrix.length; row++, from += columns.squares.length) {
      for (const column of plan.firstPart?.(row) ?? []) matrix[from + column] *= first / second;
    }
  };

  const division = chooseDivision(plan, reducer, blocks.length);
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

  const along = {
    rows: new Float64Array(rows.squares.length),
    columns: new Float64Array(columns.squares.length),
  };
  const dRows: tf.Tensor2D[] = [];
  let dColumns: tf.Tensor2D | undefined;
  for (const block of blocks) {
    const [start, end] = block;
    if (plan.isEmpty?.(start, end)) {
      dRows.push(tf.zeros([end - start, query.shape[1]]));
      continue;
    }
    const { part, product } = only ?? openBlock(block);
    const matrix = viewOf(product);
    // The derivative of a square contains no distance.
    const distances = isEuclidean && distance.power !== 2 ? matrix.slice() : matrix;
    evaluate(matrix, start, end);
    if (division === 'shared') shareDivisor(matrix);
    if (isEuclidean) toProducts(matrix, distances, columns, along, start, distance.power);
    else scaleColumns(matrix, columns);
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
  const isLate = division === 'shared' || division === 'last';
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
  if (isSelf && !isDoubled) for (const [row, sum] of along.columns.entries()) along.rows[row] += sum;
  finishGradient(viewOf(dQuery), rows, isEuclidean ? along.rows : undefined, isDoubled ? 2 * factor : factor);
  const results: tf.Tensor[] = [dQuery];
  if (reference) {
    const dReference = dColumns ?? (tf.zeros(reference.shape) as tf.Tensor2D);
    if (!constantReference) {
      finishGradient(viewOf(dReference), columns, isEuclidean ? along.columns : undefined, factor);
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
 * at the end. `shared`: at the end by the second part's, after the first part's gradients are changed. Undefined: never.
 */
type Division = 'known' | 'measured' | 'last' | 'shared' | undefined;

/** The divisors of several parts are needed before their gradients can be added. */
function chooseDivision(
  { divisors, counts, firstPart }: LossPlan,
  { divisor }: LossInputs['reducer'],
  blocks: number,
): Division {
  if (divisor === undefined) return undefined;
  if (divisor === 'loss' && divisors) return 'known';
  if (blocks === 1 && firstPart) return 'shared';
  return counts.length > 1 ? 'measured' : 'last';
}

function areEqual(values: Float32Array): boolean {
  return values.every((value) => value === values[0]);
}

/** Returns 0 for a divisor of 0. */
function invert(divisor: number): number {
  return divisor === 0 ? 0 : 1 / divisor;
}

function scaleColumns(matrix: Float32Array, { scale }: Prepared): void {
  if (!scale) return;
  const columns = scale.length;
  for (let from = 0; from < matrix.length; from += columns) {
    for (let column = 0; column < columns; column++) matrix[from + column] *= scale[column];
  }
}

/** Turns inner products with unscaled columns into |q − r|^power, in place. Rounding errors become exactly 0, as in `squaredDistances`. */
function toDistances(
  matrix: Float32Array,
  { squares: ofRows }: Prepared,
  reference: Prepared,
  start: number,
  power: number,
): void {
  const { squares: ofColumns } = reference;
  const columns = ofColumns.length;
  const rows = matrix.length / columns;
  const factors = factorsOf(reference);
  for (let row = 0, at = 0; row < rows; row++) {
    const own = ofRows[start + row];
    for (let column = 0; column < columns; column++, at++) {
      const size = own + ofColumns[column];
      const square = size - 2 * factors[column] * matrix[at];
      // A NaN stays, because it is not small either.
      matrix[at] = square <= size * 1e-6 ? 0 : square;
    }
  }
  if (power === 1) for (let at = 0; at < matrix.length; at++) matrix[at] = Math.sqrt(matrix[at]);
  else if (power !== 2) for (let at = 0; at < matrix.length; at++) matrix[at] **= power / 2;
}

/**
 * Turns the gradient of distances into that of the inner products with unscaled columns, in place. Adds what each row and column receives of
 * itself to `along`.
 */
function toProducts(
  matrix: Float32Array,
  distances: Float32Array,
  reference: Prepared,
  along: { rows: Float64Array; columns: Float64Array },
  start: number,
  power: number,
): void {
  const ofColumns = along.columns;
  const columns = ofColumns.length;
  const rows = matrix.length / columns;
  // The derivative of distance = square^(power / 2) by half the square.
  const constant = power === 2 ? 2 : 1;
  const factors = factorsOf(reference);
  if (power !== 2) {
    for (let at = 0; at < matrix.length; at++) {
      if (matrix[at] === 0) continue;
      const distance = distances[at];
      if (distance === 0) matrix[at] = 0;
      else matrix[at] *= power === 1 ? 1 / distance : power * distance ** (1 - 2 / power);
    }
  }
  for (let row = 0, at = 0; row < rows; row++) {
    let sum = 0;
    for (let column = 0; column < columns; column++, at++) {
      const g = constant * matrix[at];
      matrix[at] = -g * factors[column];
      sum += g;
      ofColumns[column] += g;
    }
    along.rows[start + row] += sum;
  }
}

/** Returns the factor of each column of the products. */
function factorsOf({ scale, squares }: Prepared): Float32Array {
  return scale ?? new Float32Array(squares.length).fill(1);
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
