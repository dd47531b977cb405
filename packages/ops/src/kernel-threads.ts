import * as tf from '@tensorflow/tfjs-core';
import { wasmRuntime } from './wasm/runtime.js';

/**
 * Sets how many threads share the work of each kernel of `@unitsphere/native` on the current backend's memory, like PyTorch's
 * `set_num_threads`. The calling thread is one of them. The default is 1. Results have the same bits for any number. Small tensors
 * and the stock kernels of TensorFlow.js stay on the calling thread.
 * @param threads From 1 to 32.
 * @throws Error if `threads` is not such a number, or is above 1 and the kernels are not native ones on the backend `wasm`.
 */
export function setKernelThreads(threads: number): void {
  if (!Number.isInteger(threads) || threads < 1 || threads > MOST_THREADS) {
    throw new Error(
      `setKernelThreads: threads must be an integer from 1 to ${MOST_THREADS}, not ${threads}.`,
    );
  }
  if (tf.getBackend() === 'wasm') wasmRuntime(tf.backend()).setThreads(threads);
  else if (threads > 1) {
    throw new Error(
      `setKernelThreads: the kernels of the backend ${tf.getBackend()} do not run on ${threads} threads. Use the backend wasm with @unitsphere/native, or 1 thread.`,
    );
  }
}

/** Returns how many threads share the work of each kernel; see {@link setKernelThreads}. */
export function getKernelThreads(): number {
  return tf.getBackend() === 'wasm' ? wasmRuntime(tf.backend()).threads : 1;
}

const MOST_THREADS = 32;
