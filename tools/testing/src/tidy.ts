import * as tf from '@tensorflow/tfjs-core';

/** Runs fn in tf.tidy and returns its result, which may be anything but tensors, such as a promise of `read`. */
export function runInTidy<T>(fn: () => T): T {
  const results: T[] = [];
  tf.tidy(() => {
    results.push(fn());
  });
  return results[0];
}
