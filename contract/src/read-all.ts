import type * as tf from '@tensorflow/tfjs-core';
import { read } from '@unitsphere/testing/read';
import { runInTidy } from '@unitsphere/testing/tidy';
import type { Values } from './check.js';

/** Reads the values of tensors by name, on any backend. The tensors may be disposed while they are read. */
async function readAll(tensors: Record<string, tf.Tensor>): Promise<Values> {
  const entries = Object.entries(tensors).map(async ([name, tensor]) => [name, await read(tensor)] as const);
  return Object.fromEntries(await Promise.all(entries));
}

/** Runs fn in tf.tidy and reads the tensors that it returns. */
export function readFromTidy(fn: () => Record<string, tf.Tensor>): Promise<Values> {
  return runInTidy(() => readAll(fn()));
}
