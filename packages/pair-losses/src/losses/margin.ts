import * as tf from '@tensorflow/tfjs-core';
import { checkCount, checkFinite } from '../check.js';
import { EuclideanDistance } from '../distances/euclidean.js';
import { eachTripletRow } from '../host/each-triplet.js';
import { viewOf } from '../host/heap.js';
import { checkLabelRange } from '../labels.js';
import { gatherEntries } from '../pairs/gather-entries.js';
import type { LossPlan } from '../pairs/loss-plan.js';
import { hasAny, type LossOptions, PairLoss, signOf } from '../pairs/pair-loss.js';
import type { PairSource } from '../pairs/pair-source.js';
import { createTripletDraw, type TripletDraw } from '../pairs/triplet-draw.js';
import { DivisorReducer } from '../reducers/divisor.js';
import type { PairLossEntry } from '../registry/loss-entry.js';

/** Options of `MarginLoss`. */
export interface MarginLossOptions extends LossOptions {
  /** Required difference of every distance from the boundary. Default 0.2. */
  margin?: number;
  /** Boundary between positive and negative distances, or its initial value. Default 1.2. */
  beta?: number;
  /** Whether beta is learned: it is then the only entry of `parameters`. Default false. */
  learnBeta?: boolean;
  /** Number of classes, each with a beta of its own. Default: one beta for all. */
  classes?: number;
  /** Weight of the regularizer nu · beta of a learned beta. Default 0. */
  nu?: number;
  /**
   * Number of triplets drawn for each anchor of a call without `tuples`, uniformly. Default: all triplets.
   */
  tripletsPerAnchor?: number;
  /** Seed of the draws, which differ from call to call. Default 0. */
  seed?: number;
}

/**
 * Margin loss of a triplet: max(0, d_ap − beta + margin) + max(0, beta − d_an + margin). With a similarity the signs
 * change.
 *
 * Defaults: `EuclideanDistance`, `DivisorReducer`, which divides by the number of violated terms. With a beta per class, the
 * anchor's class chooses it.
 * @see Wu et al., "Sampling Matters in Deep Embedding Learning", ICCV 2017.
 */
export class MarginLoss extends PairLoss {
  protected readonly title = 'MarginLoss';
  override readonly parameters: readonly tf.Variable[];
  readonly margin: number;
  readonly nu: number;
  /** float32 [1] or [classes]: the boundary. */
  readonly beta: tf.Tensor1D;
  readonly #classes: number | undefined;
  readonly #draw: TripletDraw | undefined;

  /** @throws RangeError if a number is not finite or classes is not a positive integer. */
  constructor(options: MarginLossOptions = {}) {
    const {
      margin = 0.2,
      beta = 1.2,
      learnBeta = false,
      classes,
      nu = 0,
      tripletsPerAnchor,
      seed,
      ...rest
    } = options;
    super({ distance: new EuclideanDistance(), reducer: new DivisorReducer(), ...rest });
    this.margin = checkFinite('MarginLoss: margin', margin);
    this.#draw = createTripletDraw('MarginLoss', tripletsPerAnchor, seed);
    this.nu = checkFinite('MarginLoss: nu', nu);
    this.#classes = classes === undefined ? undefined : checkCount('MarginLoss: classes', classes);
    const variable = tf.tidy(() =>
      tf.variable(tf.fill([classes ?? 1], checkFinite('MarginLoss: beta', beta)), learnBeta),
    ) as tf.Variable<tf.Rank.R1>;
    this.beta = variable;
    this.parameters = learnBeta ? [variable] : [];
  }

  override dispose(): void {
    this.beta.dispose();
  }

  protected plan(all: PairSource): LossPlan | undefined {
    const pairs = this.#draw?.(all) ?? all;
    const classes = this.#classes;
    if (classes !== undefined) checkLabelRange(this.title, pairs.labels, classes);
    const counts = pairs.tripletCounts();
    if (!hasAny(counts)) return undefined;
    const { margin, nu } = this;
    const firstRow = counts.findIndex((count) => count > 0);
    const first = counts.map((_, row) => (row === firstRow ? 1 : 0));
    const learns = this.parameters.length > 0;
    const sign = signOf(this.distance);
    return {
      counts: learns ? [counts, classes === undefined ? first : counts] : [counts],
      extraValues: (row) => 8 * counts[row],
      kernel: (block) => {
        const [main, penalty] = block.parts;
        const betas = learns ? block.parameters[0] : viewOf(this.beta).slice();
        const dBetas = learns ? block.gradients[0] : new Float32Array(betas.length);
        const distances = new Float32Array(block.columns);
        eachTripletRow(block, pairs, (row, values, visit) => {
          distances.set(values);
          values.fill(0);
          const own = classes === undefined ? 0 : pairs.labels[row];
          const boundary = betas[own];
          if (learns && classes === undefined && row === firstRow) {
            dBetas[0] += nu * penalty.add(nu * boundary, row);
            penalty.addDivisor(1);
          }
          visit((positive, negative) => {
            const pull = sign * (distances[positive] - boundary) + margin;
            const push = sign * (boundary - distances[negative]) + margin;
            const weight = main.add(Math.max(pull, 0) + Math.max(push, 0), row);
            const violated = (pull > 0 ? 1 : 0) + (push > 0 ? 1 : 0);
            main.addDivisor(violated);
            const near = pull > 0 ? weight * sign : 0;
            const far = push > 0 ? -weight * sign : 0;
            values[positive] += near;
            values[negative] += far;
            dBetas[own] -= near + far;
            if (learns && classes !== undefined) {
              dBetas[own] += nu * penalty.add(nu * boundary, row);
              penalty.addDivisor(violated);
            }
          });
        });
      },
      isEmpty: (start, end) => !hasAny(counts.subarray(start, end)),
      block: (matrix, start, [learned]) => {
        const { anchors, positives, negatives } = pairs.triplets(start, start + matrix.shape[0]);
        const near = gatherEntries(matrix, anchors, positives);
        const far = gatherEntries(matrix, anchors, negatives);
        const all = (learned ?? this.beta) as tf.Tensor1D;
        const choice = anchors.map((row) => (classes === undefined ? 0 : pairs.labels[start + row]));
        const boundary = gatherEntries(tf.expandDims(all, 0), new Int32Array(choice.length), choice);
        const pull = tf.relu(tf.add(tf.mul(tf.sub(near.value, boundary.value), sign), margin));
        const push = tf.relu(tf.add(tf.mul(tf.sub(boundary.value, far.value), sign), margin));
        const [isNear, isFar] = [pull, push].map((x) => tf.cast(tf.greater(x, 0), 'float32'));
        const divisor = tf.add(tf.sum(isNear), tf.sum(isFar));
        const main = { losses: tf.add(pull, push), rows: anchors, divisor };
        // A single beta is regularized once: by the block of the first triplet.
        const isFirst = firstRow >= start && firstRow < start + matrix.shape[0];
        const once = tf.tensor1d([isFirst ? 1 : 0]);
        const penalty =
          classes === undefined
            ? {
                losses: tf.mul(all, nu),
                rows: Int32Array.of(isFirst ? firstRow - start : 0),
                times: once,
                divisor: tf.sum(once),
              }
            : { losses: tf.mul(boundary.value, nu), rows: anchors, divisor };
        return {
          parts: learns ? [main, penalty] : [main],
          pullback([d, dPenalty]) {
            const dNear = tf.mul(tf.mul(d, isNear), sign) as tf.Tensor1D;
            const dFar = tf.mul(tf.mul(d, isFar), -sign) as tf.Tensor1D;
            const dMatrix = tf.add(near.pullback(dNear), far.pullback(dFar)) as tf.Tensor2D;
            if (!learns) return { matrix: dMatrix };
            const fromTriplets = tf.neg(tf.add(dNear, dFar)) as tf.Tensor1D;
            const each = classes === undefined ? fromTriplets : tf.add(fromTriplets, tf.mul(dPenalty, nu));
            const dBeta = tf.squeeze(boundary.pullback(each as tf.Tensor1D), [0]);
            const parameters = [classes === undefined ? tf.add(dBeta, tf.mul(dPenalty, nu)) : dBeta];
            return { matrix: dMatrix, parameters };
          },
        };
      },
    };
  }
}

/** The registry's entry. */
export const marginLoss = {
  create: (options) => new MarginLoss(options),
  description: 'max(0, margin + d⁺ − beta) and max(0, margin + beta − d⁻)',
  settings: {
    margin: {
      type: 'number',
      default: 0.2,
      description: 'Required difference of every distance from the boundary.',
    },
    beta: {
      type: 'number',
      default: 1.2,
      description: 'Boundary between positive and negative distances, or its initial value.',
    },
    learnBeta: {
      type: 'boolean',
      default: false,
      description: 'Whether beta is learned.',
    },
    nu: {
      type: 'number',
      default: 0,
      minimum: 0,
      description: 'Weight of the regularizer of a learned beta.',
    },
  },
} satisfies PairLossEntry<Omit<MarginLossOptions, 'tripletsPerAnchor' | 'seed'>>;
