import * as tf from '@tensorflow/tfjs-core';
import type { Parameter } from './parameter.js';

/**
 * The value of f and its gradient for each parameter, in their order.
 * @param f Computes a scalar from the parameters; intermediate tensors are freed.
 * @returns The value and the gradients, which the caller disposes of; null for a parameter that f does not use.
 * @throws Error when f uses none of the parameters, or its value is not a scalar.
 */
export function valueAndGradients(
  f: () => tf.Scalar,
  parameters: readonly Parameter[],
): { value: tf.Scalar; gradients: (tf.Tensor | null)[] } {
  const { value, grads } = tf.variableGrads(
    f,
    parameters.map(({ variable }) => variable),
  );
  return { value, gradients: parameters.map(({ variable }) => grads[variable.name] ?? null) };
}
