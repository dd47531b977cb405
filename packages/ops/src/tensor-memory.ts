import * as tf from '@tensorflow/tfjs-core';
import { wasmRuntime } from './wasm/runtime.js';

/**
 * Creates float32 tensors whose values a function writes. On WebAssembly it writes into the backend's memory, which saves an
 * array of each tensor's size and a copy; elsewhere it writes into arrays that the tensors keep.
 * @param shapes One shape per tensor.
 * @param write Receives the values of each tensor, row-major and uninitialized, and must set all of them. It must not create
 *   tensors, and the arrays are invalid after it returns.
 * @throws What `write` throws; all tensors are disposed then. On WebAssembly, Error if memory is full.
 */
export function writeTensors(
  shapes: readonly (readonly number[])[],
  write: (values: Float32Array[]) => void,
): tf.Tensor[] {
  if (tf.getBackend() !== 'wasm') {
    const values = shapes.map((shape) => new Float32Array(tf.util.sizeFromShape([...shape])));
    write(values);
    return values.map((tensorValues, i) => tf.tensor(tensorValues, [...shapes[i]], 'float32'));
  }
  const runtime = wasmRuntime(tf.backend());
  const tensors: tf.Tensor[] = [];
  try {
    for (const shape of shapes) {
      tensors.push(tf.engine().makeTensorFromTensorInfo(runtime.output([...shape])));
    }
    // Views are created after the last allocation: memory growth detaches them.
    write(tensors.map((tensor) => runtime.floats(runtime.pointer(tensor), tensor.size)));
    return tensors;
  } catch (error) {
    tf.dispose(tensors);
    throw error;
  }
}

/**
 * Lets a function read the values of float32 tensors: in the backend's memory on WebAssembly, else from a download.
 * @param read Receives the values of each tensor, row-major, and must not change them. It must not create tensors, and the
 *   arrays are invalid after it returns.
 * @returns What `read` returns.
 * @throws What `read` throws.
 */
export async function readTensors<T>(
  tensors: readonly tf.Tensor[],
  read: (values: Float32Array[]) => T,
): Promise<T> {
  if (tf.getBackend() !== 'wasm') {
    return read((await Promise.all(tensors.map((tensor) => tensor.data()))) as Float32Array[]);
  }
  const runtime = wasmRuntime(tf.backend());
  return read(tensors.map((tensor) => runtime.floats(runtime.pointer(tensor), tensor.size)));
}
