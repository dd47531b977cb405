import type * as tf from '@tensorflow/tfjs-core';
import { defineOp, type Kernel, type OpDefinition } from './define-op.js';

/**
 * Defines the form of a batch norm that combines the statistics of replicas. Kernels of other backends do not combine them, so those
 * backends use the composition. A function, because bundlers keep a module's object spreads, and with them every kernel they name.
 */
export function defineSyncOp<Inputs extends object, Attrs extends object>(
  op: OpDefinition<Inputs, Attrs>,
  name: string,
  wasm: Kernel<Inputs, Attrs>,
): (inputs: Inputs, attrs: Attrs) => tf.Tensor[] {
  return defineOp({ ...op, name, kernels: { wasm } });
}
