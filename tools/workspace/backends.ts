/** The backends that tests run on, and how a test runs on one. */
import '@tensorflow/tfjs-backend-cpu';
import '@tensorflow/tfjs-backend-wasm';
import * as tf from '@tensorflow/tfjs-core';
import { describeBackends, useBackend } from '@unitsphere/backends';

/** The backends that run anywhere; their values can be read synchronously. */
export const backends = ['cpu', 'wasm'] as const;

const found = (await describeBackends()).filter(({ name }) => name === 'webgpu');

/** The backends that a machine may lack and does, with why, and what installs them. */
export const missingBackends = found
  .filter(({ available }) => !available)
  .map(({ name, reason, remedy }) => ({
    name,
    why: `${reason} ${remedy} On Debian without a graphics card: tools/workspace/install-lavapipe.sh`,
  }));

// CI installs them all, so there one that is not here is a fault.
if (process.env.CI === 'true' && missingBackends.length > 0) {
  throw new Error(
    missingBackends.map(({ name, why }) => `The backend "${name}" is missing: ${why}`).join('\n'),
  );
}

/** Every backend that is here. Of `webgpu` values are read by a promise only: see {@link read}. */
export const everyBackend: readonly string[] = [
  ...backends,
  ...found.filter(({ available }) => available).map(({ name }) => name),
];

/** Starts a backend and makes it the current one. */
export async function start(backend: string): Promise<void> {
  await useBackend(backend);
  await tf.ready();
}

/** Runs fn on a backend inside a tidy; what it gives may be a promise of {@link read}. */
export async function on<T>(backend: string, fn: () => T): Promise<Awaited<T>> {
  await start(backend);
  let result!: T;
  tf.tidy(() => {
    result = fn();
  });
  return await result;
}

/** A tensor's values, on every backend; called inside a tidy it outlives that. */
export async function read(tensor: tf.Tensor): Promise<Float32Array> {
  const own = tf.keep(tf.clone(tensor));
  try {
    return (await own.data()) as Float32Array;
  } finally {
    own.dispose();
  }
}
