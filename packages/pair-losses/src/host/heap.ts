import * as tf from '@tensorflow/tfjs-core';

/** The part of TensorFlow.js's WASM backend that is used here. */
export interface WasmBackend {
  wasm?: { asm?: { memory?: WebAssembly.Memory } };
  typedArrayFromHeap?(tensor: tf.Tensor): Float32Array;
  makeOutput?(shape: number[], dtype: 'float32'): tf.TensorInfo;
}

/** Whether kernels run on the host, and whether they call WebAssembly; tests switch them off to compare. */
export const hostKernels = { areOn: true, useWasm: true };

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

/**
 * Returns a matrix with undefined values, to be written through `viewOf`.
 * @throws Error if the WebAssembly memory is full; the stock backend would continue with address 0 and overwrite its own data.
 */
export function newMatrix(rows: number, columns: number): tf.Tensor2D {
  const backend = tf.backend() as WasmBackend;
  if (tf.getBackend() !== 'wasm' || !backend.makeOutput) return tf.zeros([rows, columns]);
  const info = backend.makeOutput([rows, columns], 'float32');
  const matrix = tf.engine().makeTensorFromTensorInfo(info) as tf.Tensor2D;
  if (rows * columns > 0 && viewOf(matrix).byteOffset === 0) {
    matrix.dispose();
    throw new Error(
      `pair-losses: the WASM backend is out of memory (4 GiB at most): it cannot allocate a tensor of shape [${rows},${columns}]. Use a smaller batch.`,
    );
  }
  return matrix;
}
