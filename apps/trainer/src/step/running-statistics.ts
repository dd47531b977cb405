import * as tf from '@tensorflow/tfjs-core';
import type { Module } from '@unitsphere/core';
import { BatchNorm1d, BatchNorm2d } from '@unitsphere/norms';
import type { Frozen } from '../model/frozen.js';

/** Keeps the running statistics of a model's batch norms. @returns A function that restores them and frees the copies. */
export function keepRunningStatistics(model: Module, frozen: Frozen): () => void {
  const buffers = frozen.movingBuffers().map(({ variable }) => ({ variable, kept: tf.clone(variable) }));
  const counters = model
    .namedModules()
    .map(([, module]) => module)
    .filter((module) => module instanceof BatchNorm1d || module instanceof BatchNorm2d)
    .map(({ batchesTracked }) => ({ batchesTracked, value: batchesTracked.value }));
  return () => {
    for (const { variable, kept } of buffers) {
      variable.assign(kept);
      kept.dispose();
    }
    for (const { batchesTracked, value } of counters) batchesTracked.value = value;
  };
}
