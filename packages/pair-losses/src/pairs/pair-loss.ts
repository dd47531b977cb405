import * as tf from '@tensorflow/tfjs-core';
import { checkCount, checkEmbeddings, checkSameWidth } from '../check.js';
import type { Distance } from '../distances/distance.js';
import { type Labels, readLabels } from '../labels.js';
import type { Reducer } from '../reducers/reducer.js';
import type { WeightedRegularizer } from '../regularizers/regularizer.js';
import { computeLoss } from './compute-loss.js';
import type { LossInputs, LossPlan } from './loss-plan.js';
import { PairSource } from './pair-source.js';
import { recordLoss, recordSum, zeroLoss } from './record-loss.js';
import { checkTuples, type Tuples } from './tuples.js';

/** Options of every loss. */
export interface LossOptions {
  /** Distance or similarity of embeddings. Each loss has its own default. */
  distance?: Distance;
  /** Combines the losses of pairs, triplets or rows. Each loss has its own default. */
  reducer?: Reducer;
  /** Adds weight · regularizer(embeddings) to the loss. Default: none. */
  embeddingRegularizer?: WeightedRegularizer;
  /**
   * Maximum number of rows whose distances are in memory at a time, at least 1. By default as many as take 2²¹ values, or 2²³
   * on the `wasm` and `cpu` backends. Several blocks may be computed twice.
   */
  blockRows?: number;
}

/** Options of a call of `loss`. */
export interface LossCall {
  /** Pairs or triplets from a miner. Default: all that the labels allow. */
  tuples?: Tuples;
  /**
   * Reference embeddings, float32 [columns, dimensions]: anchors are compared with them instead of with each other. They
   * receive a gradient too. Equal positions are then ordinary pairs.
   */
  ref?: tf.Tensor2D;
  /** The class of each reference embedding; required with `ref`. */
  refLabels?: Labels;
  /**
   * For each row, the column of `ref` that holds a copy of it, which is not its pair; −1 for none. Only with `ref` and
   * without `tuples`. Default: none.
   */
  ownColumns?: Int32Array;
  /** Whether `ref` receives a gradient. A memory needs none, which saves half of the work. Default true. */
  refGradient?: boolean;
}

/** A loss of embeddings and labels. */
export interface EmbeddingLoss {
  /** Learned parameters of the loss; empty if it has none. */
  readonly parameters: readonly tf.Variable[];

  /**
   * Computes the loss. It is differentiable in the embeddings, the reference embeddings and the parameters.
   *
   * A batch without the pairs that the loss requires gives 0, with gradient 0. A non-finite embedding gives NaN.
   * @param embeddings float32 [batch, dimensions]; the distance normalizes them if it is defined so.
   * @param labels int32 [batch].
   * @returns A float32 scalar.
   * @throws TypeError for a wrong type, rank or dtype; RangeError if sizes differ or a row does not exist.
   */
  loss(embeddings: tf.Tensor2D, labels: Labels, call?: LossCall): tf.Scalar;

  /** Frees the parameters. */
  dispose(): void;
}

/** Base class of losses of pairs and triplets: checks the input, computes blocks of rows and records the gradient. */
export abstract class PairLoss implements EmbeddingLoss {
  readonly distance: Distance;
  readonly reducer: Reducer;
  readonly parameters: readonly tf.Variable[] = [];
  readonly #regularizer: WeightedRegularizer | undefined;
  readonly #blockRows: number;
  /** @internal What to record of a plan; `elementLosses` replaces it during a call. */
  recorder: Recorder = recordReduced;

  /** @throws RangeError unless blockRows is an integer of at least 1. */
  constructor({ distance, reducer, embeddingRegularizer, blockRows }: LossOptions & RequiredParts) {
    this.distance = distance;
    this.reducer = reducer;
    this.#regularizer = embeddingRegularizer;
    this.#blockRows = blockRows === undefined ? Number.POSITIVE_INFINITY : checkCount('blockRows', blockRows);
  }

  /** The loss's name for error messages. */
  protected abstract readonly title: string;

  /** Returns how to compute the loss of these pairs, or undefined if it is 0. */
  protected abstract plan(pairs: PairSource): LossPlan | undefined;

  loss(embeddings: tf.Tensor2D, labels: Labels, call: LossCall = {}): tf.Scalar {
    checkEmbeddings(this.title, 'embeddings', embeddings);
    return tf.tidy(() => recordSum(this.compute(embeddings, labels, call), this.#regularizer, embeddings));
  }

  /** @internal Computes the loss without the regularizer. */
  compute(embeddings: tf.Tensor2D, labels: Labels, call: LossCall): tf.Scalar {
    const pairs = this.readPairs(embeddings, labels, call);
    return this.record(this.plan(pairs), embeddings, call.ref, pairs.labels, call.refGradient);
  }

  /** Checks a call, and returns its pairs. */
  protected readPairs(embeddings: tf.Tensor2D, labels: Labels, call: LossCall): PairSource {
    const { title } = this;
    const { tuples, ref, refLabels, ownColumns } = call;
    const own = readLabels(title, 'labels', labels, embeddings.shape[0]);
    if (!ref !== !refLabels) {
      throw new TypeError(`${title}: ref and refLabels belong together; pass both or neither.`);
    }
    let others: Int32Array | undefined;
    if (ref && refLabels) {
      checkEmbeddings(title, 'ref', ref);
      checkSameWidth(title, embeddings, 'ref', ref);
      others = readLabels(title, 'refLabels', refLabels, ref.shape[0]);
    }
    if (tuples) checkTuples(title, tuples, own.length, others?.length ?? own.length);
    checkOwnColumns(title, call, own.length);
    return new PairSource(own, others, tuples, ownColumns);
  }

  /**
   * Records the loss of a plan on the tape, or 0 without a plan.
   * @param labels The class of each row that the plan counts elements of.
   */
  protected record(
    plan: LossPlan | undefined,
    query: tf.Tensor2D,
    reference: tf.Tensor2D | undefined,
    labels: Int32Array,
    refGradient = true,
  ): tf.Scalar {
    const recorded = reference && refGradient ? [reference] : [];
    const inputs = [query, ...recorded, ...this.parameters];
    return this.recorder(plan, inputs, (tensors) => ({
      query: tensors[0] as tf.Tensor2D,
      reference: recorded.length > 0 ? (tensors[1] as tf.Tensor2D) : reference,
      constantReference: !refGradient,
      parameters: tensors.slice(1 + recorded.length),
      labels,
      distance: this.distance,
      reducer: this.reducer,
      blockRows: this.#blockRows,
    })) as tf.Scalar;
  }

  dispose(): void {
    for (const parameter of this.parameters) parameter.dispose();
  }
}

/** Records the result of a plan on the tape; `bind` names the inputs. */
export type Recorder = (
  plan: LossPlan | undefined,
  inputs: tf.Tensor[],
  bind: (inputs: tf.Tensor[]) => LossInputs,
) => tf.Tensor;

export const recordReduced: Recorder = (plan, inputs, bind) =>
  recordLoss(inputs, (tensors) => (plan ? computeLoss(plan, bind(tensors)) : zeroLoss(tensors)));

interface RequiredParts {
  distance: Distance;
  reducer: Reducer;
}

/** @throws RangeError unless `ownColumns` has a valid column per row, and comes with `ref` and without `tuples`. */
function checkOwnColumns(title: string, { ownColumns, ref, tuples }: LossCall, rows: number): void {
  if (!ownColumns) return;
  if (!ref || tuples) {
    throw new RangeError(`${title}: ownColumns requires ref and excludes tuples; omit one of them.`);
  }
  const isBad = (column: number) => column < -1 || column >= ref.shape[0];
  if (ownColumns.length !== rows || ownColumns.some(isBad)) {
    throw new RangeError(
      `${title}: ownColumns must have one column of ref per row, from −1 to ${ref.shape[0] - 1}, for ${rows} rows.`,
    );
  }
}

/** Returns whether there are too few tuples: pytorch-metric-learning returns 0 if every list has at most one entry. */
export function isTooFew(pairs: PairSource): boolean {
  const sum = (counts: Float64Array) => counts.reduce((total, count) => total + count, 0);
  return sum(pairs.positiveCounts()) <= 1 && sum(pairs.negativeCounts()) <= 1;
}

/** Returns whether a list of counts has one above 0. */
export function hasAny(counts: Float64Array): boolean {
  return counts.some((count) => count > 0);
}

/** Returns the sign of a distance: −1 if larger means more similar, 1 otherwise. */
export function signOf(distance: Distance): number {
  return distance.isInverted ? -1 : 1;
}

/** Returns how often each entry of a block is a positive and a negative pair, float32 [rows, columns] each. */
export function pairCounts(pairs: PairSource, start: number, matrix: tf.Tensor2D, once: boolean) {
  const [rows, columns] = matrix.shape;
  const { positive, negative } = pairs.counts(start, start + rows, once);
  return {
    positive: tf.tensor2d(positive, [rows, columns]),
    negative: tf.tensor2d(negative, [rows, columns]),
  };
}
