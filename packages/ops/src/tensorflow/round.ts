import * as tf from '@tensorflow/tfjs-core';
import type { Kernel } from '../define-op.js';
import { type BitOperations, bitOperations } from './operations.js';

/** Rounds the int32 bits of floats to a number of stored bits of significand. */
export function roundedBits(bit: BitOperations, v: tf.Tensor, bits: number): tf.Tensor {
  const drop = 23 - bits;
  // Adding half of the last place minus one, plus one if the last place is odd, rounds ties to even.
  const odd = bit.and(bit.shiftRight(v, drop), 1);
  const carried = bit.plus(bit.plus(v, 2 ** (drop - 1) - 1), odd);
  const kept = bit.and(carried, -(2 ** drop));
  const nan = tf.greater(bit.and(v, 0x7fffffff), tf.scalar(0x7f800000, 'int32'));
  return tf.where(nan, tf.scalar(0x7fc00000, 'int32'), kept);
}

export const roundTensorFlow: Kernel<{ x: tf.Tensor }, { bits: number }> = ({
  inputs: { x },
  attrs: { bits },
  backend,
}) =>
  tf.tidy(() => {
    const bit = bitOperations(backend);
    return bit.floatsOf(roundedBits(bit, bit.bitsOf(x), bits));
  });
