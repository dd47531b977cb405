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

/** Runs a product with the current precision, and rounds its result if the policy says so. */
export function runProduct<T extends tf.Tensor>(
  kind: ProductKind,
  run: (precision: MatmulPrecision) => T,
): T {
  const precision = precisionOf(kind);
  const y = run(precision);
  if (precision === 'highest' || !roundsOutputs()) return y;
  const rounded = roundTo(y, 7);
  y.dispose();
  return rounded;
}

/** Returns the stored bits that a composition rounds a product's inputs to; null if it does not round. */
export function compositionBits(precision: MatmulPrecision): SignificandBits | null {
  return precision === 'high' && onCuda() ? null : significandBits(precision);
}

/** Rounds an input of a composition's product to the precision. */
export function asInput<T extends tf.Tensor>(x: T, precision: MatmulPrecision): T {
  const bits = compositionBits(precision);
  return bits === null ? x : roundTo(x, bits);
}

/** Returns whether TensorFlow's own library computes on a GPU, where TensorFloat-32 is on by default. */
export function onCuda(): boolean {
  return (tf.backend() as { isUsingGpuDevice?: boolean }).isUsingGpuDevice === true;
}
