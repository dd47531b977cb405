import { builtinModule } from '@unitsphere/core/disk';
import type { RemoteFilesOptions } from '@unitsphere/pretrained';
import type { Embedder } from '../embedder.js';
import { EmbedderError } from '../embedder-error.js';
import { NetworkEmbedder } from '../network-embedder.js';
import { type EmbedderSource, openFiles } from '../sources/open-files.js';
import { createOnnxNetwork, type OnnxOptions } from './onnx-network.js';

/** Places of the ONNX file in a folder: of `--to onnx`, and of transformers.js. */
const PLACES = ['model.onnx', 'onnx/model.onnx'];

/**
 * Loads an exported model on ONNX Runtime.
 * @param source An .onnx file, a folder or a source as in `loadEmbedder` that has `model.onnx` or `onnx/model.onnx`, or an object
 *   with the file's content as `model.onnx`.
 */
export async function loadOnnxEmbedder(
  source: EmbedderSource,
  options: RemoteFilesOptions & OnnxOptions = {},
): Promise<Embedder> {
  const file = typeof source === 'string' && /\.onnx$/i.test(source) ? await readOnnxFile(source) : undefined;
  const { name, bytes, keep } = file ?? (await findOnnxFile(source, options));
  const { description, network } = await createOnnxNetwork(bytes, name, options);
  await keep?.();
  return new NetworkEmbedder(description.config, network);
}

interface OnnxFile {
  name: string;
  bytes: Uint8Array;
  keep?(): Promise<void>;
}

/** Reads a file of the disk. @returns undefined if there is none, for example because the name is a URL's. */
async function readOnnxFile(path: string): Promise<OnnxFile | undefined> {
  const fs = builtinModule('node:fs');
  if (!fs?.statSync(path, { throwIfNoEntry: false })?.isFile()) return undefined;
  return { name: path, bytes: await fs.promises.readFile(path) };
}

async function findOnnxFile(source: EmbedderSource, options: RemoteFilesOptions): Promise<OnnxFile> {
  const files = await openFiles(source, options);
  for (const place of PLACES) {
    const bytes = await files.read(place);
    if (bytes) return { name: `${files.name}/${place}`, bytes, keep: files.keep?.bind(files) };
  }
  throw new EmbedderError(
    'SOURCE_NOT_FOUND',
    `${files.name} has no ${PLACES.join(' or ')}; write one by: unitsphere export RUN --to onnx`,
  );
}
