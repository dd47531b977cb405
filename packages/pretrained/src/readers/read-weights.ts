import { readSafetensors, type StateDict } from '@unitsphere/core';
import { CheckpointError } from './checkpoint-error.js';
import { type OnnxGraph, readOnnxGraph } from './onnx-graph.js';
import { isTar, readTorchCheckpoint, type TorchCheckpointOptions } from './torch-checkpoint.js';

/** Content of a weight file. */
export type Weights =
  | { format: 'safetensors' | 'torch'; tensors: StateDict }
  | { format: 'onnx'; tensors: StateDict; graph: OnnxGraph };

/**
 * Reads a weight file. Its format is detected from its bytes, not from its name.
 * @throws CheckpointError or SafetensorsError for a file that cannot be read.
 */
export function readWeights(bytes: Uint8Array, options: TorchCheckpointOptions = {}): Weights {
  const start = new TextDecoder('latin1').decode(bytes.subarray(0, 200));
  if (start.startsWith('PK') || start.startsWith('\x80') || isTar(bytes))
    return { format: 'torch', tensors: readTorchCheckpoint(bytes, options) };
  // A safetensors file has 8 bytes of length, then JSON.
  if (start[8] === '{') {
    const { tensors } = readSafetensors(bytes);
    return { format: 'safetensors', tensors };
  }
  if (start.startsWith('version https://git-lfs')) {
    throw new CheckpointError(
      'The file is a Git LFS pointer, not the weights. Run "git lfs pull", or download the file from its web page.',
    );
  }
  if (/^\s*</.test(start))
    throw new CheckpointError('The file is a web page, not weights. Use the URL of the file itself.');
  if (start.startsWith('\x1f\x8b'))
    throw new CheckpointError('The file is compressed with gzip. Unpack it first, with gunzip.');
  // The first field in onnx.proto is ir_version, a varint.
  if (start.charCodeAt(0) === 0x08) {
    const graph = readOnnxGraph(bytes);
    return { format: 'onnx', tensors: graph.tensors, graph };
  }
  throw new CheckpointError(
    bytes.length === 0
      ? 'The file is empty.'
      : 'The file is not a safetensors file, a PyTorch checkpoint or an ONNX model.',
  );
}
