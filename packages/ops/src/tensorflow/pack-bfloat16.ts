import * as tf from '@tensorflow/tfjs-core';
import type { Kernel } from '../define-op.js';
import { bitOperations } from './operations.js';
import { roundedBits } from './round.js';

export const packBfloat16TensorFlow: Kernel<{ x: tf.Tensor }, object> = ({ inputs: { x }, backend }) =>
  tf.tidy(() => {
    const bit = bitOperations(backend);
    const flat = tf.pad1d(tf.reshape(x, [x.size]), [0, x.size % 2]);
    const pairs = tf.reshape(roundedBits(bit, bit.bitsOf(flat), 7), [-1, 2]);
    const [first, second] = tf.unstack(pairs, 1) as [tf.Tensor, tf.Tensor];
    return bit.or(bit.and(bit.shiftRight(first, 16), 0xffff), second);
  });

export const unpackBfloat16TensorFlow: Kernel<{ x: tf.Tensor }, { shape: number[] }> = ({
  inputs: { x },
  attrs: { shape },
  backend,
}) =>
  tf.tidy(() => {
    const bit = bitOperations(backend);
    const pairs = tf.stack([bit.shiftLeft(x, 16), bit.and(x, -0x10000)], 1);
    const count = tf.util.sizeFromShape(shape);
    return tf.reshape(bit.floatsOf(tf.slice1d(tf.reshape(pairs, [2 * x.size]), 0, count)), shape);
  });
