import type * as tf from '@tensorflow/tfjs-core';
import type { RunningInputs } from '../running-averages.js';
import type { Program } from './program.js';
import type { WebGpuRuntime } from './runtime.js';

/** Update of running averages inside a program that computes a batch's statistics. */
export interface Running {
  tensors: Record<'runningMean' | 'runningVariance' | 'updatedMean' | 'updatedVariance', tf.TensorInfo>;
  uniforms: Program['uniforms'];
  numbers: { [name: string]: number };
  /** The new averages. */
  updated: tf.TensorInfo[];
}

/** Returns the update for a batch of `rows` values per channel; undefined without running averages. */
export function runningOf(
  runtime: WebGpuRuntime,
  { runningMean, runningVariance }: RunningInputs,
  momentum = 0,
  rows: number,
): Running | undefined {
  if (!runningMean || !runningVariance) return;
  const updated = [runningMean, runningVariance].map(({ shape }) => runtime.output(shape));
  const [updatedMean, updatedVariance] = updated;
  return {
    tensors: { runningMean, runningVariance, updatedMean, updatedVariance },
    uniforms: { kept: 'f32', added: 'f32', addedVariance: 'f32' },
    // The biased variance, made unbiased.
    numbers: { kept: 1 - momentum, added: momentum, addedVariance: (momentum * rows) / (rows - 1) },
    updated,
  };
}

/** Returns the bindings that the update reads. */
export function readsOf(running: Running | undefined, T: string): Program['inputs'] {
  return running ? { runningMean: T, runningVariance: T } : {};
}

/** Returns the bindings that the update writes. */
export function outputsOf(running: Running | undefined, T: string): Program['outputs'] {
  return running ? { updatedMean: T, updatedVariance: T } : {};
}

/** Returns WGSL of the update for the channels `c`, from WGSL of their mean and biased variance. */
export function updateRunning(mean: string, variance: string): string {
  return `updatedMean[c] = runningMean[c] * u.kept + ${mean} * u.added;
    updatedVariance[c] = runningVariance[c] * u.kept + ${variance} * u.addedVariance;`;
}
