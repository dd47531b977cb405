import * as tf from '@tensorflow/tfjs-core';
import type { MemoryFigures } from './protocol.js';

/** Returns TensorFlow.js's tensor counts on this thread and the size of its WebAssembly memory. */
export function readTfjsMemory(): Pick<MemoryFigures, 'tensors' | 'tensorBytes' | 'wasmHeap'> {
  const { numTensors, numBytes } = tf.memory();
  const { wasm } = tf.backend() as { wasm?: { asm?: { memory?: WebAssembly.Memory } } };
  return { tensors: numTensors, tensorBytes: numBytes, wasmHeap: wasm?.asm?.memory?.buffer.byteLength };
}
