import type * as tf from '@tensorflow/tfjs-core';
import type { Parameter } from './parameter.js';
import { forwardAndPullback } from './tape.js';

/**
 * Computes the value of f and its gradient for each parameter.
 *
 * @param f Computes a scalar from the parameters; its intermediate tensors are freed.
 * @returns The value, and the gradients in the order of the parameters; null for a parameter that f does not use. The
 *   caller disposes of them.
 * @throws Error if f uses none of the parameters or its value is not a scalar, and inside another gradient.
 */
export function valueAndGradients(
  f: () => tf.Scalar,
  parameters: readonly Parameter[],
): { value: tf.Scalar; gradients: (tf.Tensor | null)[] } {
  const { value, pullback, dispose } = forwardAndPullback(f, parameters);
  try {
    if (value.rank !== 0) {
      throw new Error(
        `valueAndGradients: f must return a scalar, but it returned the shape [${value.shape}].`,
      );
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
