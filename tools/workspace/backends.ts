/** The backends that tests can run on anywhere, and how a test runs on one. */
import '@tensorflow/tfjs-backend-cpu';
import '@tensorflow/tfjs-backend-wasm';
import * as tf from '@tensorflow/tfjs-core';

/** The backends that run without a GPU. */
export const backends = ['cpu', 'wasm'] as const;

/** Starts a backend and makes it the current one. */
export async function start(backend: string): Promise<void> {
  if (!(await tf.setBackend(backend))) throw new Error(`The ${backend} backend did not start.`);
  await tf.ready();
}

/** Runs fn on a backend inside a tidy. */
export async function on<T>(backend: string, fn: () => T): Promise<T> {
  await start(backend);
  let result!: T;
  tf.tidy(() => {
    result = fn();
  });
  return result;
}
