import * as tf from '@tensorflow/tfjs-core';

interface WasmBackend {
  typedArrayFromHeap?(tensor: tf.Tensor): Float32Array;
}

/** Whether kernels run on the host; tests switch it off to check the compositions. */
export const hostKernels = { areOn: true };

/** Returns whether the current backend keeps tensors in memory that this thread can read and write. */
export function isOnHost(): boolean {
  if (!hostKernels.areOn) return false;
  const name = tf.getBackend();
  return name === 'cpu' || (name === 'wasm' && !!(tf.backend() as WasmBackend).typedArrayFromHeap);
}

/**
 * Returns the values of a float32 tensor without a copy. A view of the WebAssembly heap is valid until the next tensor is
 * created. Write only to a tensor that nothing else refers to.
 */
export function viewOf(x: tf.Tensor): Float32Array {
  const backend = tf.backend() as WasmBackend;
  return tf.getBackend() === 'wasm' && backend.typedArrayFromHeap
    ? backend.typedArrayFromHeap(x)
    : (x.dataSync() as Float32Array);
}
