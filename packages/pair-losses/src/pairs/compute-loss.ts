import * as tf from '@tensorflow/tfjs-core';
import { computeOnHost, runsOnHost } from '../host/compute-on-host.js';
import type { LossInputs, LossPlan } from './loss-plan.js';
import { weighElements } from './reduce-elements.js';

// About 64 MB of float32 for a handful of matrices of this size, or for the two of a kernel.
const VALUES_PER_BLOCK = 1 << 21;
const VALUES_PER_KERNEL_BLOCK = 1 << 23;

/**
 * Computes the loss and its gradients with respect to the query, the reference (if there is one) and the parameters. A
 * single block is computed once. Several blocks are computed twice: for the loss and its divisors, then for the gradients.
 */
export function computeLoss(
  plan: LossPlan,
  inputs: LossInputs,
): { value: tf.Scalar; gradients: tf.Tensor[] } {
  if (plan.kernel && runsOnHost(plan, inputs)) {
    return computeOnHost({ ...plan, kernel: plan.kernel }, inputs, splitRows(plan, inputs, true));
  }
  const { query, reference, parameters, labels, reducer } = inputs;
  const weights = plan.counts.map((counts) => reducer.rowWeights(counts, labels));
  const { blocks, prepared, columns, evaluateBlock } = splitLoss(plan, inputs);
  const evaluate = (block: [number, number]) => {
    const computed = evaluateBlock(block);
    const parts = computed.losses.parts.map((part, k) => weighElements(part, weights[k], reducer, block[0]));
    return { ...computed, parts };
  };

  const only = blocks.length === 1 ? evaluate(blocks[0]) : undefined;
  const totals = only
    ? only.parts.map(({ sum, divisor }) => ({ sum, divisor }))
    : addBlocks(
        blocks
          .filter((block) => !plan.isEmpty?.(...block))
          .map((block) => tf.tidy(() => withoutWeights(evaluate(block).parts))),
      );
  // 0 if the divisor is 0.
  const inverse = totals.map(({ divisor }) => (divisor ? tf.divNoNan(1, divisor) : tf.scalar(1)));
  const value = totals.reduce<tf.Tensor>(
    (total, { sum }, k) => tf.add(total, tf.mul(sum, inverse[k])),
    tf.scalar(0),
  );

  const backward = (computed: ReturnType<typeof evaluate>) => {
    const upstream = computed.parts.map((part, k) => tf.mul(part.weights, inverse[k]));
    const { matrix, parameters: dParameters = [] } = computed.losses.pullback(upstream);
    const [dQuery, dReference] = computed.matrix.pullback(matrix);
    return { dQuery, dReference, dParameters };
  };
  const skip = ([start, end]: [number, number]) => ({
    dQuery: tf.zeros([end - start, prepared.value.shape[1]]) as tf.Tensor2D,
    dReference: tf.zerosLike(columns.value),
    dParameters: parameters.map((parameter) => tf.zerosLike(parameter)),
  });
  const rows: tf.Tensor2D[] = [];
  let sums: tf.Tensor[] | undefined;
  for (const block of blocks) {
    const compute = () => (plan.isEmpty?.(...block) ? skip(block) : backward(evaluate(block)));
    const { dQuery, dReference, dParameters } = only ? backward(only) : tf.tidy(compute);
    rows.push(dQuery);
    const added = [dReference, ...dParameters];
    sums = sums ? addAll(sums, added) : added;
  }
  const [dColumns, ...dParameters] = sums as [tf.Tensor2D, ...tf.Tensor[]];
  const dRows = rows.length === 1 ? rows[0] : tf.concat(rows);
  const gradients = reference
    ? [
        prepared.pullback(dRows),
        ...(inputs.constantReference ? [] : [columns.pullback(dColumns)]),
        ...dParameters,
      ]
    : [prepared.pullback(tf.add(dRows, dColumns) as tf.Tensor2D), ...dParameters];
  // 0 · x is NaN for a non-finite x, which masks and comparisons would hide.
  const poison = [query, ...(reference ? [reference] : [])].map((x) => tf.sum(tf.mul(x, 0)));
  const marked = sumAll(poison);
  return {
    value: tf.reshape(tf.add(value, marked), []) as tf.Scalar,
    gradients: gradients.map((gradient) => tf.add(gradient, marked)),
  };
}

/** Returns the blocks of rows and how to compute one: its distances and losses. */
export function splitLoss(plan: LossPlan, inputs: LossInputs) {
  const { query, reference, parameters, distance } = inputs;
  const prepared = distance.prepare(query);
  const columns = reference ? distance.prepare(reference) : prepared;
  const blocks = splitRows(plan, inputs);
  const evaluateBlock = ([start, end]: [number, number]) => {
    const rows =
      blocks.length === 1 ? prepared.value : tf.slice(prepared.value, [start, 0], [end - start, -1]);
    const matrix = distance.matrix(rows, columns.value);
    return { matrix, losses: plan.block(matrix.value, start, parameters) };
  };
  return { blocks, prepared, columns, evaluateBlock };
}

function splitRows(
  plan: LossPlan,
  { query, reference, blockRows, distance }: LossInputs,
  isOnHost = false,
): [number, number][] {
  const [rows, dimensions] = query.shape;
  if (plan.isWhole) return [[0, rows]];
  const columns = (reference ?? query).shape[0];
  // A kernel needs no values beyond the matrix.
  const perEntry = isOnHost ? 1 : Math.max(distance.valuesPerEntry(dimensions), plan.valuesPerEntry ?? 1);
  const values = columns * perEntry;
  const limit = isOnHost ? VALUES_PER_KERNEL_BLOCK : VALUES_PER_BLOCK;
  const blocks: [number, number][] = [];
  let [start, size] = [0, 0];
  for (let row = 0; row < rows; row++) {
    const more = values + (isOnHost ? 0 : (plan.extraValues?.(row) ?? 0));
    if (row > start && (size + more > limit || row - start >= blockRows)) {
      blocks.push([start, row]);
      [start, size] = [row, 0];
    }
    size += more;
  }
  blocks.push([start, rows]);
  return blocks;
}

/** Adds to each sum, and frees the previous one, so that one gradient of the columns is in memory. */
function addAll(sums: tf.Tensor[], added: tf.Tensor[]): tf.Tensor[] {
  const results = sums.map((sum, k) => tf.add(sum, added[k]));
  tf.dispose([sums, added]);
  return results;
}

type Total = { sum: tf.Tensor; divisor: tf.Tensor | undefined };

function withoutWeights(parts: Total[]): Total[] {
  return parts.map(({ sum, divisor }) => ({ sum: tf.clone(sum), divisor: divisor && tf.clone(divisor) }));
}

function addBlocks(blocks: Total[][]): Total[] {
  return blocks[0].map(({ divisor }, k) => ({
    sum: sumAll(blocks.map((parts) => parts[k].sum)),
    divisor: divisor && sumAll(blocks.map((parts) => parts[k].divisor as tf.Tensor)),
  }));
}

function sumAll(tensors: tf.Tensor[]): tf.Tensor {
  return tensors.length === 1 ? tensors[0] : tf.addN(tensors);
}
