import type * as tf from '@tensorflow/tfjs-core';
import type { Parameter } from './parameter.js';
import { forwardAndPullback } from './tape.js';

/**
 * The value of f and its gradient for each parameter, in their order.
 * @param f Computes a scalar from the parameters; intermediate tensors are freed.
 * @returns The value and the gradients, which the caller disposes of; null for a parameter that f does not use.
 * @throws Error when f uses none of the parameters, its value is not a scalar, or inside another gradient.
 */
export function valueAndGradients(
  f: () => tf.Scalar,
  parameters: readonly Parameter[],
): { value: tf.Scalar; gradients: (tf.Tensor | null)[] } {
  const { value, pullback, dispose } = forwardAndPullback(f, parameters);
  try {
    if (value.rank !== 0) {
      throw new Error(`valueAndGradients: f must give a scalar, but it gave the shape [${value.shape}].`);
    }
    const gradients = pullback();
    if (gradients.every((gradient) => gradient === null)) {
      throw new Error('valueAndGradients: f uses none of the parameters.');
    }
    return { value, gradients };
  } catch (error) {
    value.dispose();
    dispose();
    throw error;
  }
}
