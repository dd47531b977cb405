import type { StateDict } from '@unitsphere/core';
import { readOnnxGraph } from './onnx-graph.js';

/**
 * Reads the weights of an ONNX model: its graph's initializers, and the tensors of its Constant nodes under the names of their
 * outputs. The graph is not run.
 * @returns The values by name; kernels have PyTorch's layout (OIHW).
 * @throws CheckpointError for a file that is truncated, damaged or not an ONNX model, and for a tensor that is stored in
 *   another file or has an unsupported type; the message has its name.
 */
export function readOnnxInitializers(bytes: Uint8Array): StateDict {
  return readOnnxGraph(bytes).tensors;
}
