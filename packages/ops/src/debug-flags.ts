import * as tf from '@tensorflow/tfjs-core';
import { registerFlag } from './register-flag.js';

/** Runs every operation as its composition of stock operations; read at an operation's first call on a backend. */
const COMPOSITION = 'UNITSPHERE_OPS_COMPOSITION';
/** Prints the WGSL of each of our programs; read when a program is compiled. */
const PRINT_WGSL = 'UNITSPHERE_PRINT_WGSL';
/** Fields of `Tuning` (webgpu/tuning.ts) as JSON, in place of the device's; read when a WebGPU backend runs its first kernel. */
const WEBGPU_TUNING = 'UNITSPHERE_WEBGPU_TUNING';

/** Whether XLA compiles kernels on TensorFlow's library; 0 runs them operation by operation. Read at the first such kernel. */
const XLA = 'UNITSPHERE_XLA';

/** Whether kernels on TensorFlow's library may still run when their call returns; 0 waits for each. Read at the first kernel. */
const TENSORFLOW_QUEUE = 'UNITSPHERE_TENSORFLOW_QUEUE';

/** Returns whether operations of TensorFlow may run on threads of their own. */
export function shouldQueueTensorFlow(): boolean {
  return readFlag(TENSORFLOW_QUEUE) !== '0';
}

/** Returns whether XLA may compile kernels. */
export function shouldUseXla(): boolean {
  return readFlag(XLA) !== '0';
}

/** Returns whether operations run their composition instead of our kernels. */
export function shouldUseComposition(): boolean {
  return readFlag(COMPOSITION) === '1';
}

/** Returns whether WGSL is printed. */
export function shouldPrintWgsl(): boolean {
  return readFlag(PRINT_WGSL) === '1';
}

/**
 * Returns the overridden fields of the WebGPU tuning; empty by default.
 * @throws Error if the flag is not JSON.
 */
export function readTuningOverrides(): object {
  const json = readFlag(WEBGPU_TUNING) || '{}';
  try {
    return JSON.parse(json);
  } catch (error) {
    throw new Error(`${WEBGPU_TUNING}: ${json} is not JSON. Give an object such as {"broadcast":0}.`, {
      cause: error,
    });
  }
}

/**
 * Returns a flag of TensorFlow.js's environment, whose default is the process's environment variable of the same name.
 */
function readFlag(name: string): string {
  registerFlag(name, () => readEnvironmentVariable(name));
  const value = tf.env().get(name);
  // A page's `?tfjsflags=NAME:true` sets a boolean.
  return typeof value === 'boolean' ? String(Number(value)) : String(value);
}

/** Returns an environment variable; an empty string if it is not set, or in a browser. */
function readEnvironmentVariable(name: string): string {
  const { process } = globalThis as { process?: { env?: { [name: string]: string | undefined } } };
  return process?.env?.[name] ?? '';
}
