/**
 * Importing this module registers the gradients and chained methods of stock TensorFlow.js operations on the copy of
 * `@tensorflow/tfjs-core` that the program already uses. In Node that package resolves to a bundle without them
 * (`tf.grad` of a stock operation fails, `x.add(y)` is undefined); in bundlers its main entry leaves them out too.
 * What is already registered is left as it is. `@unitsphere/core` imports it, so importing anything from that is enough; for
 * this effect alone import `@unitsphere/core/gradients`, as bundlers drop an import of the whole package that uses nothing.
 */
import 'tfjs-core-file:register_all_gradients.js';
import 'tfjs-core-file:public/chained_ops/register_all_chained_ops.js';
import * as tf from '@tensorflow/tfjs-core';

/**
 * Whether stock gradients are registered; true once this module is loaded.
 * @returns True when the gradient of a stock operation (matrix product) is there.
 */
export function gradientsRegistered(): boolean {
  return tf.getGradient(tf.BatchMatMul) !== undefined;
}
