import * as tf from '@tensorflow/tfjs-core';

/**
 * Runs the parts of a network one after another: each takes the output of the one before. Intermediate tensors within a
 * part and between parts are freed as soon as nothing requires them; tensors saved for a gradient stay.
 *
 * @param parts Parts in execution order.
 * @param x Input of the first part; not freed.
 * @param run Computes a part's output.
 * @returns The output of the last part, or `x` itself if there are no parts.
 */
export function runInSequence<Part, T extends tf.Tensor>(
  parts: readonly Part[],
  x: T,
  run: (part: Part, value: T) => T,
): T {
  let value = x;
  for (const part of parts) {
    const next = tf.tidy(() => run(part, value));
    if (value !== x && next !== value) value.dispose();
    value = next;
  }
  return value;
}
