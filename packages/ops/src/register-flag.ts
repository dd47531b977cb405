import * as tf from '@tensorflow/tfjs-core';

/**
 * Registers a flag of TensorFlow.js's environment at its first use, so that importing the package has no side effect. A flag
 * that the program has registered before keeps its value.
 */
export function registerFlag(name: string, evaluate: () => boolean | string): void {
  const env = tf.env();
  const { flagRegistry = {} } = env as unknown as { flagRegistry?: object };
  if (!(name in flagRegistry)) env.registerFlag(name, evaluate);
}
