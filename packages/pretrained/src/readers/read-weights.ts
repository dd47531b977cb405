import { readSafetensors, type StateDict } from '@unitsphere/core';
import { CheckpointError } from './checkpoint-error.js';
import { removeAllPrefixes, removePrefixes } from './key-prefixes.js';
import { type OnnxGraph, readOnnxGraph } from './onnx-graph.js';
import { startsWith } from './starts-with.js';
import { isTar, readTorchCheckpoint, type TorchCheckpointOptions } from './torch-checkpoint.js';

/** Content of a weight file. */
export type Weights = {
  tensors: StateDict;
  /** Dtypes of the tensors that were skipped because their dtype is not supported, by name. */
  unsupported: Map<string, string>;
} & ({ format: 'safetensors' | 'torch' } | { format: 'onnx'; graph: OnnxGraph });

// The limit of the safetensors format. The first 8 bytes of the other formats are a larger number.
const MAX_HEADER_BYTES = 100_000_000n;

/**
 * Reads a weight file. Its format is detected from its bytes, not from its name. Tensors of unsupported dtypes are skipped. The
 * prefixes `module.` and `_orig_mod.` of keys are removed; an ONNX graph keeps its names.
 * @throws CheckpointError or SafetensorsError for a file that cannot be read.
 */
export function readWeights(bytes: Uint8Array, { key, verify }: TorchCheckpointOptions = {}): Weights {
  const unsupported = new Map<string, string>();
  const onUnsupported = (name: string, dtype: string) => void unsupported.set(removePrefixes(name), dtype);
  const fromSafetensors = (): Weights => {
    const { tensors } = readSafetensors(bytes, { onUnsupported });
    return { format: 'safetensors', tensors: removeAllPrefixes(tensors), unsupported };
  };
  if (isSafetensors(bytes)) return fromSafetensors();
  if (startsWith(bytes, 'PK') || bytes[0] === 0x80 || isTar(bytes)) {
    const tensors = readTorchCheckpoint(bytes, { key, verify, onUnsupported });
    return { format: 'torch', tensors, unsupported };
  }
  // Reports that the header is too large.
  if (startsWith(bytes, '{', 8)) return fromSafetensors();
  if (startsWith(bytes, 'version https://git-lfs')) {
    throw new CheckpointError(
      'The file is a Git LFS pointer, not the weights. Run "git lfs pull", or download the file from its web page.',
    );
  }
  if (isMarkup(bytes))
    throw new CheckpointError('The file is a web page, not weights. Use the URL of the file itself.');
  if (bytes[0] === 0x1f && bytes[1] === 0x8b)
    throw new CheckpointError('The file is compressed with gzip. Unpack it first, with gunzip.');
  // The first field in onnx.proto is ir_version, a varint.
  if (bytes[0] === 0x08) {
    const graph = readOnnxGraph(bytes, { onUnsupported: (name, dtype) => void unsupported.set(name, dtype) });
    return { format: 'onnx', tensors: graph.tensors, unsupported, graph };
  }
  throw new CheckpointError(
    bytes.length === 0
      ? 'The file is empty.'
      : 'The file is not a safetensors file, a PyTorch checkpoint or an ONNX model.',
  );
}

/** Returns whether a file begins with the size of a header that the format allows, and then JSON. */
function isSafetensors(bytes: Uint8Array): boolean {
  if (!startsWith(bytes, '{', 8)) return false;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return view.getBigUint64(0, true) <= MAX_HEADER_BYTES;
}

/** Returns whether a file begins with "<", after a byte-order mark and white space. */
function isMarkup(bytes: Uint8Array): boolean {
  let at = bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf ? 3 : 0;
  while (at < 200 && [0x20, 0x09, 0x0a, 0x0d, 0x0c].includes(bytes[at])) at++;
  return startsWith(bytes, '<', at);
}
