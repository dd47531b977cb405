import * as tf from '@tensorflow/tfjs-core';
import { checkPositive } from '../check.js';
import { lpLengths } from '../distances/lp-lengths.js';
import { RowRegularizer } from './row-regularizer.js';

/** Options of `LpRegularizer`. */
export interface LpRegularizerOptions {
  /** The norm's order, at least 1. Default 2. */
  p?: number;
  /** Exponent of each row's length, above 0. Default 1. */
  power?: number;
}

/** Mean over the rows of (Σ |x|^p)^(power / p). The gradient of a row of zeros is 0. */
export class LpRegularizer extends RowRegularizer {
  readonly p: number;
  readonly power: number;

  /** @throws RangeError unless p is at least 1 and power is above 0. */
  constructor({ p = 2, power = 1 }: LpRegularizerOptions = {}) {
    super();
    if (!(Number.isFinite(p) && p >= 1)) {
      throw new RangeError(`LpRegularizer: p must be a finite number of at least 1, but it is ${p}.`);
    }
    this.p = p;
    this.power = checkPositive('LpRegularizer: power', power);
  }

  protected penalty(x: tf.Tensor2D) {
    const { p, power } = this;
    const rows = x.shape[0];
    const { value, pullback } = lpLengths(x, p);
    if (power === 1) return { value: tf.mean(value), gradient: pullback(tf.fill([rows], 1 / rows)) };
    const isZero = tf.equal(value, 0);
    const safe = tf.where(isZero, 1, value);
    const slope = tf.where(isZero, 0, tf.mul(tf.pow(safe, power - 1), power / rows));
    return { value: tf.mean(tf.pow(value, power)), gradient: pullback(slope) };
  }
}
