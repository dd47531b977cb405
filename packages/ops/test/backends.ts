import '@tensorflow/tfjs-backend-cpu';
import '@tensorflow/tfjs-backend-wasm';
import * as tf from '@tensorflow/tfjs-core';

/** The backends that run here without a GPU. */
export const backends = ['cpu', 'wasm'] as const;

/** Runs fn on a backend inside a tidy. */
export async function on<T>(backend: string, fn: () => T): Promise<T> {
  if (!(await tf.setBackend(backend))) throw new Error(`The ${backend} backend did not start.`);
  await tf.ready();
  let result!: T;
  tf.tidy(() => {
    result = fn();
  });
  return result;
}
