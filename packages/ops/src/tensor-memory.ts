import * as tf from '@tensorflow/tfjs-core';
import { wasmRuntime } from './wasm/runtime.js';

/**
 * Float32 tensors whose values are written by a function: on WebAssembly where the tensors lie, elsewhere in arrays that
 * become theirs. It spares an array of each tensor's size in the host's memory, and a copy.
 * @param shapes One a tensor.
 * @param write Gets the values of each, row-major, and sets all of them: they may hold anything before. It makes no
 *   tensors, and the arrays are of no use after it.
 * @throws What write throws; no tensor is left then. On WebAssembly, Error where memory is full.
 */
export function writeTensors(
  shapes: readonly (readonly number[])[],
  write: (values: Float32Array[]) => void,
): tf.Tensor[] {
  if (tf.getBackend() !== 'wasm') {
    const values = shapes.map((shape) => new Float32Array(tf.util.sizeFromShape([...shape])));
    write(values);
    return values.map((of, i) => tf.tensor(of, [...shapes[i]], 'float32'));
  }
  const runtime = wasmRuntime(tf.backend());
  const tensors: tf.Tensor[] = [];
  try {
    for (const shape of shapes) {
      tensors.push(tf.engine().makeTensorFromTensorInfo(runtime.output([...shape])));
    }
    // Views after the last allocation: one that makes memory grow detaches them.
    write(tensors.map((tensor) => runtime.floats(runtime.pointer(tensor), tensor.size)));
    return tensors;
  } catch (error) {
    tf.dispose(tensors);
    throw error;
  }
}

/**
 * Lets a function read the values of float32 tensors: on WebAssembly where they lie, elsewhere in a download.
 * @param read Gets the values of each, row-major, and changes none. It makes no tensors, and the arrays are of no use after
 *   it.
 * @returns What read returns.
 * @throws What read throws.
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
