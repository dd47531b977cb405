import * as tf from '@tensorflow/tfjs-core';
import { checkSameWidth } from '../check.js';
import { normalizeRows } from '../distances/distance.js';
import { DotProductSimilarity } from '../distances/dot-product.js';
import { eachRow } from '../host/each-row.js';
import { logSumExp } from '../host/log-sum-exp.js';
import { type Labels, readLabels } from '../labels.js';
import { listPositives } from '../pairs/list-pairs.js';
import type { LossPlan } from '../pairs/loss-plan.js';
import { maskedLogSumExp } from '../pairs/masked-log-sum-exp.js';
import {
  checkOwnColumns,
  hasAny,
  type LossCall,
  type LossOptions,
  PairLoss,
  pairCounts,
} from '../pairs/pair-loss.js';
import { PairSource } from '../pairs/pair-source.js';
import { scatterRows, takeRows } from '../pairs/record-rows.js';
import { checkTuples } from '../pairs/tuples.js';
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
    const { title } = this;
    const { tuples, ref, refLabels, ownColumns } = call;
    const own = readLabels(title, 'labels', labels, embeddings.shape[0]);
    const others = ref && refLabels ? readLabels(title, 'refLabels', refLabels, ref.shape[0]) : undefined;
    if (ref) checkSameWidth(title, embeddings, 'ref', ref);
    if (tuples) checkTuples(title, tuples, own.length, others?.length ?? own.length);
    checkOwnColumns(title, call, own.length);
    const source = new PairSource(own, others, tuples, ownColumns);
    const { anchors, positives } = listPositives(source);
    const isComplete = !ref === !refLabels;
    if (!isComplete || anchors.length === 0 || !hasAny(source.negativeCounts())) {
      return super.compute(embeddings, own, { ...call, ownColumns: undefined, tuples: NO_PAIRS });
    }
    const columns = ref ?? embeddings;
    const query = recordQuery(
      embeddings,
      columns,
      anchors,
      positives,
      Math.tan((this.alpha * Math.PI) / 180) ** 2,
    );
    const pairs = new PairSource(
      anchors.map((row) => own[row]),
      others ?? own,
    );
    const counts = new Float64Array(own.length);
    for (const anchor of anchors) counts[anchor]++;
    const plan = planPairs(pairs, anchors, counts);
    return this.record(plan, query, recordOnes(columns), own, ref ? call.refGradient : true);
  }

  /** Returns nothing to compute: used only for a batch without pairs. */
  protected plan(): undefined {}
}

/** Returns how to compute the loss of pairs, one per row of the matrix. */
function planPairs(pairs: PairSource, anchors: Int32Array, counts: Float64Array): LossPlan {
  return {
    counts: [counts],
    kernel: (block) => {
      const [x, slope] = [new Float64Array(block.columns), new Float64Array(block.columns)];
      eachRow(block, pairs, true, ({ row, values, negative }) => {
        x.set(values);
        const weight = block.parts[0].add(logSumExp(x, negative, slope, true), anchors[row]);
        for (let k = 0; k < values.length; k++) values[k] = weight * slope[k];
      });
    },
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

const NONE = new Int32Array(0);
const NO_PAIRS = { anchors: NONE, positives: NONE, negativeAnchors: NONE, negatives: NONE };

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
