import * as tf from '@tensorflow/tfjs-core';

/**
 * Runs parts of a network one after another. What a part computes on its way, and what one passes to the next, is freed as
 * soon as nothing needs it: a gradient keeps what it reads.
 * @param parts In their order.
 * @param x What the first takes; it is not freed.
 * @param run Gives what a part makes of a value.
 * @returns What the last one gives; x itself where there is none.
 */
export function inTurn<Part, T extends tf.Tensor>(
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
