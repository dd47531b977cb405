import type * as tf from '@tensorflow/tfjs-core';
import { read } from '../../../tools/workspace/read.js';
import type { Values } from './check.js';

/** The values of tensors by name, on every backend; called inside a tidy they outlive that. */
export async function readAll(tensors: Record<string, tf.Tensor>): Promise<Values> {
  const entries = Object.entries(tensors).map(async ([name, tensor]) => [name, await read(tensor)] as const);
  return Object.fromEntries(await Promise.all(entries));
}
