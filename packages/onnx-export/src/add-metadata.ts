import { BinaryWriter } from '@bufbuild/protobuf/wire';
import { writeMetadata } from './graph/encode-model.js';

/**
 * Returns an ONNX file with further entries of metadata, such as thresholds that were measured with the file. The file is not
 * parsed: protocol buffers may be extended at their end.
 * @param bytes The file. @param metadata Entries with other keys than the file has.
 */
export function addOnnxMetadata(bytes: Uint8Array, metadata: Readonly<Record<string, string>>): Uint8Array {
  const writer = new BinaryWriter();
  writeMetadata(writer, metadata);
  const added = writer.finish();
  const extended = new Uint8Array(bytes.length + added.length);
  extended.set(bytes);
  extended.set(added, bytes.length);
  return extended;
}
