/**
 * Registers the gradients and chained methods of stock TensorFlow.js operations on the copy of `@tensorflow/tfjs-core`
 * that the program already uses. In Node, that package resolves to a bundle without them: `tf.grad` of a stock operation
 * fails and `x.add(y)` is undefined. In bundlers, its main entry omits them too. Existing registrations are kept.
 * Importing anything from `@unitsphere/core` includes this module. To import only this effect, use
 * `@unitsphere/core/gradients`, because bundlers drop an unused import of the whole package.
 */
import 'tfjs-core-file:register_all_gradients.js';
import 'tfjs-core-file:public/chained_ops/register_all_chained_ops.js';
import * as tf from '@tensorflow/tfjs-core';

/** Returns whether the gradients of stock operations are registered, tested on the matrix product. */
export function areGradientsRegistered(): boolean {
  return tf.getGradient(tf.BatchMatMul) !== undefined;
}
