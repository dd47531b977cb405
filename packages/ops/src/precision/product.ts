import * as tf from '@tensorflow/tfjs-core';
import {
  type MatmulPrecision,
  type ProductKind,
  precisionOf,
  roundsOutputs,
  significandBits,
} from './matmul-precision.js';
import { roundTo } from './round.js';
import type { SignificandBits } from './round-values.js';

/** Runs a product with the precision of the moment, and rounds its result where that is asked for. */
export function product<T extends tf.Tensor>(kind: ProductKind, run: (precision: MatmulPrecision) => T): T {
  const precision = precisionOf(kind);
  const y = run(precision);
  if (precision === 'highest' || !roundsOutputs()) return y;
  const rounded = roundTo(y, 7);
  y.dispose();
  return rounded;
}

/** What a composition rounds a product's inputs to; null: nothing. */
export function compositionBits(precision: MatmulPrecision): SignificandBits | null {
  return precision === 'high' && onCuda() ? null : significandBits(precision);
}

/** x as a composition's product of this precision takes it. */
export function asInput<T extends tf.Tensor>(x: T, precision: MatmulPrecision): T {
  const bits = compositionBits(precision);
  return bits === null ? x : roundTo(x, bits);
}

/** Whether TensorFlow's own library computes on a GPU: it has TensorFloat-32 on by default there. */
export function onCuda(): boolean {
  return (tf.backend() as { isUsingGpuDevice?: boolean }).isUsingGpuDevice === true;
}
