import * as tf from '@tensorflow/tfjs-core';
import { type BackendDescription, describeBackends, useBackend } from '@unitsphere/backends';

/** `computes` is whether the backend computed a small matrix product correctly; undefined if it is not available. */
export type InspectedBackend = BackendDescription & { computes?: boolean };

/** Describes all backends, and starts each available one. */
export async function inspectBackends(): Promise<InspectedBackend[]> {
  const backends: InspectedBackend[] = [];
  for (const backend of await describeBackends()) {
    backends.push(backend.available ? { ...backend, ...(await tryBackend(backend.name)) } : backend);
  }
  return backends;
}

async function tryBackend(name: string): Promise<Partial<BackendDescription> & { computes: boolean }> {
  try {
    await useBackend(name);
    const product = tf.tidy(() =>
      tf.matMul(tf.tensor2d([1, 2, 3, 4], [2, 2]), tf.tensor2d([5, 6, 7, 8], [2, 2])),
    );
    const values = [...(await product.data())];
    product.dispose();
    if (values.join() === '19,22,43,50') return { computes: true };
    return {
      computes: false,
      reason: `it computes wrong values: a matrix product gave ${values.join(', ')} instead of 19, 22, 43, 50.`,
    };
  } catch (error) {
    return { computes: false, reason: (error as Error).message };
  }
}
