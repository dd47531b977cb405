/** The backends that tests run on, and how a test runs on one. */
import '@tensorflow/tfjs-backend-cpu';
import '@tensorflow/tfjs-backend-wasm';
import * as tf from '@tensorflow/tfjs-core';
import { BACKEND_CHOICES, describeBackends, useBackend } from '@unitsphere/backends';

export { read } from './read.js';

/** Backends that a machine may lack, and how one comes by them beyond what their own remedy says. */
const OPTIONAL: { [name: string]: string } = {
  node: '',
  webgpu: ' On Debian without a graphics card: tools/workspace/install-lavapipe.sh',
};

/** Those that a run counts on: a missing one is a failure there; elsewhere its tests are not run. CI installs all. */
const expected =
  process.env['UNITSPHERE_TEST_BACKENDS']?.split(',').filter(Boolean) ??
  (process.env['CI'] === 'true' ? Object.keys(OPTIONAL) : []);

const found = (await describeBackends()).filter(({ name }) => name in OPTIONAL);

/** The optional backends that are not here, with the reason and what installs them. */
export const missingBackends = found
  .filter(({ available }) => !available)
  .map(({ name, reason, remedy }) => ({ name, why: `${reason} ${remedy}${OPTIONAL[name]}` }));

for (const { name, why } of missingBackends) {
  if (expected.includes(name)) throw new Error(`The backend "${name}" should be here and is missing: ${why}`);
}

/** Every backend that is here. Of `webgpu` values are read by a promise only: see read. */
export const everyBackend: readonly string[] = [
  'cpu',
  'wasm',
  ...found.filter(({ available }) => available).map(({ name }) => name),
];

/** Those whose values can be read synchronously. */
export const backends: readonly string[] = everyBackend.filter((name) => name !== 'webgpu');

/** Starts a backend, one of ours or one that a test registered, and makes it the current one. */
export async function start(backend: string): Promise<void> {
  if ((BACKEND_CHOICES as readonly string[]).includes(backend)) await useBackend(backend);
  else if (!(await tf.setBackend(backend))) throw new Error(`The ${backend} backend did not start.`);
  await tf.ready();
}

/** Runs fn on a backend inside a tidy; what it gives may be a promise of read. */
export async function on<T>(backend: string, fn: () => T): Promise<Awaited<T>> {
  await start(backend);
  let result!: T;
  tf.tidy(() => {
    result = fn();
  });
  return await result;
}
