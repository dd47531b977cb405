import type { StateDict } from '@unitsphere/core';
import { readOnnxGraph } from './onnx-graph.js';

/**
 * The weights of an ONNX model by name: its graph's initializers, and the tensors of its Constant nodes under the names of
 * their outputs. Nothing of the graph is run.
 * @returns name → values; kernels as PyTorch has them (OIHW).
 * @throws CheckpointError for a file that is cut off, damaged or no ONNX model, and for a tensor whose values lie in another
 * file or have a type that is not read, by its name.
 */
export function readOnnxInitializers(bytes: Uint8Array): StateDict {
  return readOnnxGraph(bytes).tensors;
}
