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
  const variables = parameters.map(({ variable }) => variable);
  // The tidy frees the value where variableGrads throws after computing it.
  const { value, grads } = tf.tidy(() => tf.variableGrads(f, variables));
  return { value, gradients: variables.map(({ name }) => grads[name] ?? null) };
}
