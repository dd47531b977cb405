/** The backends that tests run on, and how a test runs on one. */
import '@tensorflow/tfjs-backend-cpu';
import '@tensorflow/tfjs-backend-wasm';
import * as tf from '@tensorflow/tfjs-core';
import { BACKEND_CHOICES, describeBackends, useBackend } from '@unitsphere/backends';

/** Backends that are there where somebody installed them. */
const OPTIONAL = ['node'] as const;

/** Those that a run counts on: there a missing one is a failure, elsewhere its tests are not run. */
const expected = (process.env['UNITSPHERE_TEST_BACKENDS'] ?? '').split(',').filter(Boolean);

const found = (await describeBackends()).filter(({ name }) => (OPTIONAL as readonly string[]).includes(name));
for (const { name, available, reason, remedy } of found) {
  if (!available && expected.includes(name)) {
    throw new Error(`UNITSPHERE_TEST_BACKENDS counts on "${name}", but ${reason} ${remedy}`);
  }
}

/** The optional backends that are not here, with the reason and the command that installs them. */
export const missingBackends = found
  .filter(({ available }) => !available)
  .map(({ name, reason, remedy }) => ({ name, why: `${reason} ${remedy}` }));

/** The backends that run without a GPU, here. */
export const backends: readonly string[] = [
  'cpu',
  'wasm',
  ...found.filter(({ available }) => available).map(({ name }) => name),
];

/** Starts a backend, one of ours or one that a test registered, and makes it the current one. */
export async function start(backend: string): Promise<void> {
  if ((BACKEND_CHOICES as readonly string[]).includes(backend)) await useBackend(backend);
  else if (!(await tf.setBackend(backend))) throw new Error(`The ${backend} backend did not start.`);
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
