/** Backends on which tests run, and helpers to run on one. */
import '@tensorflow/tfjs-backend-cpu';
import '@tensorflow/tfjs-backend-wasm';
import * as tf from '@tensorflow/tfjs-core';
import { BACKEND_CHOICES, describeBackends, useBackend } from '@unitsphere/backends';
import { runInTidy } from './tidy.js';

export { read } from './read.js';

/** Backends that a machine may lack, each with a hint to append to its remedy. */
const OPTIONAL: { [name: string]: string } = {
  node: '',
  webgpu: ' On Debian without a graphics card: tools/workspace/install-lavapipe.sh',
};

/** Backends that this run requires. If one is missing, the run fails; tests of other missing backends are skipped. */
const expected =
  process.env['UNITSPHERE_TEST_BACKENDS']?.split(',').filter(Boolean) ??
  (process.env['CI'] === 'true' ? Object.keys(OPTIONAL) : []);

const found = (await describeBackends()).filter(({ name }) => name in OPTIONAL);

/** The optional backends that are not installed, with the reason and how to install them. */
export const missingBackends = found
  .filter(({ available }) => !available)
  .map(({ name, reason, remedy }) => ({ name, why: `${reason} ${remedy}${OPTIONAL[name]}` }));

for (const { name, why } of missingBackends) {
  if (expected.includes(name)) throw new Error(`The required backend "${name}" is missing. ${why}`);
}

/** Every installed backend. Read values with `read`, because `webgpu` has no synchronous reads. */
export const everyBackend: readonly string[] = [
  'cpu',
  'wasm',
  ...found.filter(({ available }) => available).map(({ name }) => name),
];

/** Installed backends whose values can be read synchronously. */
export const backends: readonly string[] = everyBackend.filter((name) => name !== 'webgpu');

/** Starts a built-in backend, or one that a test registered, and makes it current. */
export async function start(backend: string): Promise<void> {
  if ((BACKEND_CHOICES as readonly string[]).includes(backend)) await useBackend(backend);
  else if (!(await tf.setBackend(backend))) throw new Error(`The ${backend} backend did not start.`);
  await tf.ready();
}

/** Runs `fn` on a backend inside a `tf.tidy`. `fn` may return a promise from `read`. */
export async function on<T>(backend: string, fn: () => T): Promise<Awaited<T>> {
  await start(backend);
  return await runInTidy(fn);
}
