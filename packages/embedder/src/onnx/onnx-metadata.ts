import { BinaryReader, WireType } from '@bufbuild/protobuf/wire';
import { PreprocessingError, parsePreprocessing } from '@unitsphere/images';
import { completeConfig, type EmbedderConfig } from '../embedder-config.js';
import { EmbedderError } from '../embedder-error.js';

/** What an exported ONNX file states about its network. */
export interface OnnxDescription {
  readonly config: EmbedderConfig;
  readonly fingerprint: string;
  /** What the graph takes: normalized values, NCHW, or pixels, NHWC. */
  readonly input: 'float32' | 'uint8';
  /** Number of images that the graph takes at once; undefined for any. */
  readonly batch?: number;
}

// Fields of onnx.proto.
const METADATA = 14;
const KEY = 1;
const VALUE = 2;

/**
 * Reads architecture, preprocessing and fingerprint from the metadata of an ONNX file that `exportOnnx` wrote for an embedder.
 * @param name Name of the file, for messages.
 * @throws EmbedderError for a file that is damaged, or that has no such metadata.
 */
export function readOnnxDescription(bytes: Uint8Array, name: string): OnnxDescription {
  const metadata = readMetadata(bytes, name);
  const [architecture, preprocessing, fingerprint] = ['architecture', 'preprocessing', 'fingerprint'].map(
    (key) => metadata.get(key),
  );
  if (architecture === undefined || preprocessing === undefined || fingerprint === undefined) {
    throw new EmbedderError(
      'MODEL_INVALID',
      `${name} does not describe its architecture and preprocessing; write it by: unitsphere export RUN --to onnx`,
    );
  }
  try {
    const { imageSize, ...rest } = parsePreprocessing(preprocessing);
    const config = completeConfig({ ...JSON.parse(architecture), imageSize, preprocessing: rest });
    const batch = metadata.get('batch');
    return {
      config,
      fingerprint,
      input: metadata.get('input') === 'uint8' ? 'uint8' : 'float32',
      ...(batch !== undefined && { batch: parseBatch(batch) }),
    };
  } catch (error) {
    if (!(error instanceof PreprocessingError || error instanceof SyntaxError || error instanceof RangeError))
      throw error;
    throw new EmbedderError('MODEL_INVALID', `${name}: ${error.message}`, { cause: error });
  }
}

function parseBatch(text: string): number {
  if (!/^[1-9]\d{0,8}$/.test(text)) throw new RangeError(`its batch must be a positive integer, not ${text}`);
  return Number(text);
}

/** Reads the entries of metadata_props. */
function readMetadata(bytes: Uint8Array, name: string): Map<string, string> {
  const entries = new Map<string, string>();
  try {
    forEachText(bytes, METADATA, (reader) => {
      const entry = new Map<number, string>();
      const part = reader.bytes();
      for (const field of [KEY, VALUE]) forEachText(part, field, (inner) => entry.set(field, inner.string()));
      entries.set(entry.get(KEY) ?? '', entry.get(VALUE) ?? '');
    });
  } catch (error) {
    throw new EmbedderError('MODEL_INVALID', `${name} is not an ONNX file, or it is damaged`, {
      cause: error,
    });
  }
  return entries;
}

function forEachText(bytes: Uint8Array, field: number, read: (reader: BinaryReader) => void): void {
  const reader = new BinaryReader(bytes);
  while (reader.pos < reader.len) {
    const [number, wire] = reader.tag();
    if (number === field && wire === WireType.LengthDelimited) read(reader);
    else reader.skip(wire);
  }
}
