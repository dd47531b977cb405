import * as tf from '@tensorflow/tfjs-core';
import { checkCount, checkEmbeddings, checkSameWidth } from '../check.js';
import type { Distance } from '../distances/distance.js';
import { checkLabelRange, type Labels, readLabels } from '../labels.js';
import { computeLoss } from '../pairs/compute-loss.js';
import type { LossPlan } from '../pairs/loss-plan.js';
import { oneHotMatrix } from '../pairs/one-hot.js';
import type { EmbeddingLoss, LossCall, LossOptions } from '../pairs/pair-loss.js';
import { recordLoss, recordSum } from '../pairs/record-loss.js';
import { checkTuples, rowWeights, type Tuples } from '../pairs/tuples.js';
import type { Reducer } from '../reducers/reducer.js';
import type { WeightedRegularizer } from '../regularizers/regularizer.js';

/** Options of every proxy loss. */
export interface ProxyLossOptions extends Omit<LossOptions, 'blockRows'> {
  /** Number of classes, at least 1. */
  classes: number;
  /** Number of dimensions of an embedding, at least 1. */
  dimensions: number;
  /** Initial proxies, float32 [proxies, dimensions]; copied. Default: random, as in pytorch-metric-learning. */
  proxies?: tf.Tensor2D;
  /** Seed of the random proxies. Default 0. */
  seed?: number;
  /** Adds weight · regularizer(proxies) to the loss. Default: none. */
  weightRegularizer?: WeightedRegularizer;
}

/** Options of a call of a proxy loss. */
export interface ProxyLossCall {
  /** Mined pairs or triplets: they weigh the rows by how often they occur. */
  tuples?: Tuples;
}

/** The labels of a batch, and a weight in [0, 1] per row from mined tuples. */
export interface ProxyBatch {
  labels: Int32Array;
  weights: Float32Array;
  /** The same, counting only the tuples' anchors. */
  anchorWeights: Float32Array;
}

/** Base class of losses that compare embeddings with learned proxies of the classes. */
export abstract class ProxyLoss implements EmbeddingLoss {
  readonly distance: Distance;
  readonly reducer: Reducer;
  readonly classes: number;
  /** Learned proxies, float32 [classes · proxies per class, dimensions]; those of a class are consecutive. */
  readonly proxies: tf.Variable<tf.Rank.R2>;
  readonly parameters: readonly tf.Variable[];
  readonly #embeddingRegularizer: WeightedRegularizer | undefined;
  readonly #weightRegularizer: WeightedRegularizer | undefined;

  /**
   * @throws RangeError unless classes and dimensions are positive integers; TypeError if the initial proxies have another
   *   shape or dtype.
   */
  constructor(
    title: string,
    options: ProxyLossOptions & { distance: Distance; reducer: Reducer },
    perClass: number,
    draw: (shape: [number, number], seed: number) => tf.Tensor2D,
  ) {
    this.distance = options.distance;
    this.reducer = options.reducer;
    this.classes = checkCount(`${title}: classes`, options.classes);
    const shape: [number, number] = [
      this.classes * perClass,
      checkCount(`${title}: dimensions`, options.dimensions),
    ];
    const { proxies } = options;
    if (proxies && (proxies.dtype !== 'float32' || String(proxies.shape) !== String(shape))) {
      throw new TypeError(
        `${title}: proxies must be float32 [${shape}], but they are ${proxies.dtype} of shape [${proxies.shape}].`,
      );
    }
    this.proxies = tf.tidy(() => tf.variable(proxies ? tf.clone(proxies) : draw(shape, options.seed ?? 0)));
    this.parameters = [this.proxies];
    this.#embeddingRegularizer = options.embeddingRegularizer;
    this.#weightRegularizer = options.weightRegularizer;
  }

  /** The loss's name for error messages. */
  protected abstract readonly title: string;

  /** Returns how to compute the loss from the distances of a batch and the proxies. */
  protected abstract plan(batch: ProxyBatch): LossPlan;

  /**
   * Computes the similarity of each embedding with each class, as for a classifier: the largest is the predicted class. It has
   * the values of pytorch-metric-learning's `get_logits`, and is not differentiable.
   * @param embeddings float32 [batch, dimensions].
   * @returns float32 [batch, classes]; a distance is not negated. The caller disposes it.
   * @throws TypeError or RangeError for a wrong rank, dtype or number of dimensions.
   */
  logits(embeddings: tf.Tensor2D): tf.Tensor2D {
    checkEmbeddings(this.title, 'embeddings', embeddings);
    checkSameWidth(this.title, embeddings, 'a proxy', this.proxies);
    return tf.tidy(() => {
      const [query, reference] = [embeddings, this.proxies].map((x) => this.distance.prepare(x).value);
      return this.toLogits(this.distance.matrix(query, reference).value);
    });
  }

  /** Converts distances from the proxies, float32 [batch, proxies], to logits, float32 [batch, classes]. */
  protected toLogits(matrix: tf.Tensor2D): tf.Tensor2D {
    return matrix;
  }

  /** Returns the labels that the reducer sees, one per element. */
  protected reducedLabels(labels: Int32Array): Int32Array {
    return labels;
  }

  /**
   * Computes the loss. It is differentiable in the embeddings and in `proxies`. A non-finite embedding gives NaN.
   * @param embeddings float32 [batch, dimensions].
   * @param labels int32 [batch], each in [0, classes).
   * @returns A float32 scalar.
   * @throws TypeError for a wrong type, rank or dtype; RangeError if sizes differ or a label is out of range.
   */
  loss(embeddings: tf.Tensor2D, labels: Labels, call: ProxyLossCall = {}): tf.Scalar {
    const { title } = this;
    checkEmbeddings(title, 'embeddings', embeddings);
    checkSameWidth(title, embeddings, 'a proxy', this.proxies);
    refuseReference(title, call);
    const own = readLabels(title, 'labels', labels, embeddings.shape[0]);
    checkLabelRange(title, own, this.classes);
    if (call.tuples) checkTuples(title, call.tuples, own.length, own.length);
    const plan = this.plan({
      labels: own,
      weights: rowWeights(call.tuples, own.length),
      anchorWeights: rowWeights(call.tuples, own.length, true),
    });
    return tf.tidy(() => {
      const value = recordLoss([embeddings, this.proxies], ([query, reference]) =>
        computeLoss(plan, {
          query: query as tf.Tensor2D,
          reference: reference as tf.Tensor2D,
          parameters: [],
          labels: this.reducedLabels(own),
          distance: this.distance,
          reducer: this.reducer,
          blockRows: Number.POSITIVE_INFINITY,
        }),
      );
      const withEmbeddings = recordSum(value, this.#embeddingRegularizer, embeddings);
      return recordSum(withEmbeddings, this.#weightRegularizer, this.proxies);
    });
  }

  dispose(): void {
    this.proxies.dispose();
  }
}

/** Draws from the normal distribution. */
export function drawNormal(deviation: number) {
  return (shape: [number, number], seed: number): tf.Tensor2D =>
    tf.randomNormal(shape, 0, deviation, 'float32', seed);
}

/** Returns the one-hot labels of a block of rows, float32 [rows, classes]. */
export function oneHotRows(labels: Int32Array, start: number, rows: number, classes: number): tf.Tensor2D {
  return oneHotMatrix(labels.subarray(start, start + rows), classes);
}

/** Computes weight · cross-entropy of each row, and its derivative by the logits. */
export function crossEntropyRows(logits: tf.Tensor2D, target: tf.Tensor2D, weights: Float32Array) {
  const top = tf.max(logits, 1, true);
  const exponentials = tf.exp(tf.sub(logits, top));
  const sum = tf.sum(exponentials, 1, true);
  const own = tf.sum(tf.mul(logits, target), 1, true);
  const weight = tf.tensor2d(weights, [weights.length, 1]);
  const losses = tf.mul(tf.add(tf.log(sum), tf.sub(top, own)), weight);
  return {
    losses: tf.squeeze(losses, [1]) as tf.Tensor1D,
    slope: tf.mul(tf.sub(tf.div(exponentials, sum), target), weight) as tf.Tensor2D,
  };
}

function refuseReference(title: string, call: object): void {
  const { ref, refLabels } = call as LossCall;
  if (ref || refLabels) throw new RangeError(`${title}: ref is not supported; omit it.`);
}
