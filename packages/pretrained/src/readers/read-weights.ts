import { readSafetensors, type StateDict } from '@unitsphere/core';
import { CheckpointError } from './checkpoint-error.js';
import { type OnnxGraph, readOnnxGraph } from './onnx-graph.js';
import { isTar, readTorchCheckpoint, type TorchCheckpointOptions } from './torch-checkpoint.js';

/** What a file of weights holds. */
export type Weights =
  | { format: 'safetensors' | 'torch'; tensors: StateDict }
  | { format: 'onnx'; tensors: StateDict; graph: OnnxGraph };

/**
 * Reads a file of weights; which format it has is seen from its bytes, not its name.
 * @throws CheckpointError or SafetensorsError for a file that cannot be read.
 */
export function readWeights(bytes: Uint8Array, options: TorchCheckpointOptions = {}): Weights {
  const start = new TextDecoder('latin1').decode(bytes.subarray(0, 200));
  if (start.startsWith('PK') || start.startsWith('\x80') || isTar(bytes))
    return { format: 'torch', tensors: readTorchCheckpoint(bytes, options) };
  // A safetensors file: 8 bytes of length, then JSON.
  if (start[8] === '{') {
    const { tensors } = readSafetensors(bytes);
    return { format: 'safetensors', tensors };
  }
  if (start.startsWith('version https://git-lfs')) {
    throw new CheckpointError(
      'The file is a pointer of Git LFS, not the weights; get them with "git lfs pull", or download the file from its page.',
    );
  }
  if (/^\s*</.test(start))
    throw new CheckpointError('The file is a web page, not weights: the address leads to a page about them.');
  if (start.startsWith('\x1f\x8b'))
    throw new CheckpointError('The file is compressed with gzip; unpack it first (gunzip).');
  // onnx.proto's first field: ir_version, a varint.
  if (start.charCodeAt(0) === 0x08) {
    const graph = readOnnxGraph(bytes);
    return { format: 'onnx', tensors: graph.tensors, graph };
  }
  throw new CheckpointError(
    bytes.length === 0
      ? 'The file is empty.'
      : 'The file is none of safetensors, a PyTorch checkpoint or an ONNX model.',
  );
}
