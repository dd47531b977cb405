import * as tf from '@tensorflow/tfjs-core';
import type { MemoryFigures } from './protocol.js';

/** TensorFlow.js's own count on this thread, and its WebAssembly memory. */
export function tfjsMemory(): Pick<MemoryFigures, 'tensors' | 'tensorBytes' | 'wasmHeap'> {
  const { numTensors, numBytes } = tf.memory();
  const { wasm } = tf.backend() as { wasm?: { asm?: { memory?: WebAssembly.Memory } } };
  return { tensors: numTensors, tensorBytes: numBytes, wasmHeap: wasm?.asm?.memory?.buffer.byteLength };
}
