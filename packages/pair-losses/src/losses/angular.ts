import * as tf from '@tensorflow/tfjs-core';
import { normalizeRows } from '../distances/distance.js';
import { DotProductSimilarity } from '../distances/dot-product.js';
import { isOnHost, viewOf } from '../host/heap.js';
import { logSumExp } from '../host/log-sum-exp.js';
import { rowNorms, SHORTEST } from '../host/row-norms.js';
import type { Labels } from '../labels.js';
import { listPositives } from '../pairs/list-pairs.js';
import type { LossPlan } from '../pairs/loss-plan.js';
import { maskedLogSumExp } from '../pairs/masked-log-sum-exp.js';
import {
  hasAny,
  type LossCall,
  type LossOptions,
  PairLoss,
  pairCounts,
  recordReduced,
} from '../pairs/pair-loss.js';
import { PairSource } from '../pairs/pair-source.js';
import { scatterRows, takeRows } from '../pairs/record-rows.js';
import { MeanReducer } from '../reducers/mean.js';
import type { PairLossEntry } from '../registry/loss-entry.js';

/** Options of `AngularLoss`. The distance is fixed. */
export interface AngularLossOptions extends Omit<LossOptions, 'distance'> {
  /** Upper bound of the angle at the negative, in degrees, in (0, 90). Default 40. */
  alpha?: number;
}

/**
 * Angular loss of a positive pair (a, p), both normalized: log(1 + Σ_n exp(4 t² (a + p) · n − 2 (1 + t²) a · p)), with
 * t = tan(alpha). The sum is over all rows n of another class; as in pytorch-metric-learning, n is not normalized.
 *
 * Mined tuples choose the positive pairs. Default: `MeanReducer` over positive pairs.
 * @see Wang et al., "Deep Metric Learning with Angular Loss", ICCV 2017.
 */
export class AngularLoss extends PairLoss {
  protected readonly title = 'AngularLoss';
  readonly alpha: number;

  /** @throws RangeError unless alpha is in (0, 90). */
  constructor({ alpha = 40, ...options }: AngularLossOptions = {}) {
    super({
      reducer: new MeanReducer(),
      ...options,
      distance: new DotProductSimilarity({ normalize: false }),
    });
    if (!(alpha > 0 && alpha < 90)) {
      throw new RangeError(`AngularLoss: alpha must be in (0, 90) degrees, but it is ${alpha}.`);
    }
    this.alpha = alpha;
  }

  /** @internal */
  override compute(embeddings: tf.Tensor2D, labels: Labels, call: LossCall): tf.Scalar {
    const { ref, refGradient } = call;
    const source = this.readPairs(embeddings, labels, call);
    const { labels: own, referenceLabels } = source;
    const { anchors, positives } = listPositives(source);
    if (anchors.length === 0 || !hasAny(source.negativeCounts())) {
      return this.record(undefined, embeddings, ref, own, refGradient);
    }
    const square = Math.tan((this.alpha * Math.PI) / 180) ** 2;
    if (!ref && isOnHost() && this.recorder === recordReduced && own.length ** 2 <= MOST_PRODUCTS) {
      const { lengths } = rowNorms(viewOf(embeddings), embeddings.shape[0], embeddings.shape[1]);
      return this.record(planProducts(own, anchors, positives, square, lengths), embeddings, undefined, own);
    }
    const columns = ref ?? embeddings;
    const query = recordQuery(embeddings, columns, anchors, positives, square);
    const pairs = new PairSource(
      anchors.map((row) => own[row]),
      referenceLabels,
    );
    const counts = new Float64Array(own.length);
    for (const anchor of anchors) counts[anchor]++;
    const plan = planPairs(pairs, anchors, counts);
    return this.record(plan, query, recordOnes(columns), own, ref ? refGradient : true);
  }

  /** Unused: the loss makes its own plans. */
  protected plan(): undefined {}
}

/** Inner products of a batch of 1,448 rows: 8 MiB. */
const MOST_PRODUCTS = 1 << 21;

/**
 * Returns how to compute the loss from the inner products of the batch, without a row for each pair. Both directions of a
 * pair have the same loss.
 */
function planProducts(
  labels: Int32Array,
  anchors: Int32Array,
  positives: Int32Array,
  square: number,
  norms: Float64Array,
): LossPlan {
  const rows = labels.length;
  const lengths = norms.map((norm) => Math.max(norm, SHORTEST));
  const counts = new Float64Array(rows);
  // The anchors of each unordered pair.
  const pairs = new Map<number, number[]>();
  for (let k = 0; k < anchors.length; k++) {
    const anchor = anchors[k];
    counts[anchor]++;
    const other = positives[k];
    // The anchor's class determines the negatives.
    const isOrdered = anchor < other || labels[anchor] !== labels[other];
    const key = isOrdered ? anchor * rows + other : other * rows + anchor;
    const known = pairs.get(key);
    if (known) known.push(anchor);
    else pairs.set(key, [anchor]);
  }
  const [sum, product] = [4 * square, -2 * (1 + square)];
  return {
    counts: [counts],
    isWhole: true,
    kernel: ({ matrix, parts }) => {
      // Row a becomes a · n of the normalized a.
      for (let row = 0, at = 0; row < rows; row++) {
        const length = lengths[row];
        for (const end = at + rows; at < end; at++) matrix[at] /= length;
      }
      const gradient = new Float32Array(matrix.length);
      const dLengths = new Float64Array(rows);
      const [x, slope] = [new Float64Array(rows), new Float64Array(rows)];
      const isNegative = new Float32Array(rows).fill(1);
      let label: number | undefined;
      for (const [key, ofPair] of pairs) {
        const b = key % rows;
        const a = (key - b) / rows;
        const [fromA, fromB] = [a * rows, b * rows];
        const closeness = matrix[fromA + b] / lengths[b];
        if (labels[ofPair[0]] !== label) {
          label = labels[ofPair[0]];
          for (let n = 0; n < rows; n++) isNegative[n] = labels[n] === label ? 0 : 1;
        }
        for (let n = 0; n < rows; n++) {
          x[n] = sum * (matrix[fromA + n] + matrix[fromB + n]) + product * closeness;
        }
        const loss = logSumExp(x, isNegative, slope, true);
        let weight = 0;
        for (const anchor of ofPair) weight += parts[0].add(loss, anchor);
        let total = 0;
        for (let n = 0; n < rows; n++) {
          const g = weight * slope[n];
          gradient[fromA + n] += sum * g;
          gradient[fromB + n] += sum * g;
          total += g;
        }
        const dCloseness = product * total;
        gradient[fromA + b] += dCloseness / lengths[b];
        dLengths[b] -= (dCloseness * closeness) / lengths[b];
      }
      for (let row = 0, at = 0; row < rows; row++) {
        const length = lengths[row];
        let dLength = dLengths[row];
        for (const end = at + rows; at < end; at++) {
          const g = gradient[at] / length;
          dLength -= g * matrix[at];
          matrix[at] = g;
        }
        // The length is the square root of the row's product with itself.
        if (length > SHORTEST) matrix[row * rows + row] += dLength / (2 * length);
      }
    },
    block() {
      throw new Error('AngularLoss: only the host computes inner products.');
    },
  };
}

/** Returns how to compute the loss of pairs, one per row of the matrix. */
function planPairs(pairs: PairSource, anchors: Int32Array, counts: Float64Array): LossPlan {
  return {
    counts: [counts],
    block(matrix, start) {
      const { negative } = pairCounts(pairs, start, matrix, true);
      const { value, slope } = maskedLogSumExp(matrix, negative, true);
      const rows = anchors.slice(start, start + matrix.shape[0]).map((anchor) => anchor - start);
      return {
        parts: [{ losses: value, rows }],
        pullback: ([d]) => ({ matrix: tf.mul(tf.expandDims(d, 1), slope) as tf.Tensor2D }),
      };
    },
  };
}

type CustomGrad = Parameters<typeof tf.customGrad>[0];

/**
 * Returns 4 t² (a + p) and −2 (1 + t²) a · p of each pair, with a and p normalized, float32 [pairs, dimensions + 1]. The
 * last column meets a column of ones, so that a dot product is the whole exponent.
 */
function recordQuery(
  embeddings: tf.Tensor2D,
  columns: tf.Tensor2D,
  anchors: Int32Array,
  positives: Int32Array,
  square: number,
): tf.Tensor2D {
  const [sum, product] = [4 * square, -2 * (1 + square)];
  const rowsOf = (x: tf.Tensor2D, rows: Int32Array) => {
    const { value, pullback } = normalizeRows(x);
    return {
      value: takeRows(value, rows),
      pullback: (d: tf.Tensor2D) => pullback(scatterRows(d, rows, x.shape[0])),
    };
  };
  const run = tf.customGrad(((x: tf.Tensor2D, y: tf.Tensor2D) => {
    const [a, p] = [rowsOf(x, anchors).value, rowsOf(y, positives).value];
    const closeness = tf.mul(tf.sum(tf.mul(a, p), 1, true), product) as tf.Tensor2D;
    return {
      value: tf.concat2d([tf.mul(tf.add(a, p), sum) as tf.Tensor2D, closeness], 1),
      gradFunc: (dy: tf.Tensor2D) =>
        tf.tidy(() => {
          const [a, p] = [rowsOf(x, anchors), rowsOf(y, positives)];
          const width = x.shape[1];
          const both = tf.mul(tf.slice(dy, [0, 0], [-1, width]), sum);
          const last = tf.mul(tf.slice(dy, [0, width], [-1, 1]), product);
          return [
            a.pullback(tf.add(both, tf.mul(last, p.value)) as tf.Tensor2D),
            p.pullback(tf.add(both, tf.mul(last, a.value)) as tf.Tensor2D),
          ];
        }),
    };
  }) as unknown as CustomGrad);
  return run(embeddings, columns) as tf.Tensor2D;
}

/** Appends a column of ones, on the tape. */
function recordOnes(x: tf.Tensor2D): tf.Tensor2D {
  const run = tf.customGrad(((x: tf.Tensor2D) => ({
    value: tf.concat2d([x, tf.ones([x.shape[0], 1])], 1),
    gradFunc: (dy: tf.Tensor2D) => tf.slice(dy, [0, 0], [-1, x.shape[1]]),
  })) as unknown as CustomGrad);
  return run(x) as tf.Tensor2D;
}

/** The registry's entry. */
export const angularLoss = {
  create: (options) => new AngularLoss(options),
  description: 'log(1 + Σ exp(4 tan² alpha (a + p)ᵀ n − 2 (1 + tan² alpha) aᵀ p))',
  settings: {
    alpha: {
      type: 'number',
      default: 40,
      exclusiveMinimum: 0,
      exclusiveMaximum: 90,
      description: 'Upper bound of the angle at the negative, in degrees.',
    },
  },
} satisfies PairLossEntry<AngularLossOptions>;
