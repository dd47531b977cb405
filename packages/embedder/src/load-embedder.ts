import type { RemoteFilesOptions } from '@unitsphere/pretrained';
import { createFromConfig } from './create-embedder.js';
import type { Embedder } from './embedder.js';
import { completeConfig, type EmbedderOptions } from './embedder-config.js';
import { EmbedderError } from './embedder-error.js';
import type { OnnxOptions } from './onnx/onnx-network.js';
import { type EmbedderSource, openFiles } from './sources/open-files.js';
import { openModel } from './sources/open-model.js';

/** Options of {@link loadEmbedder}. Those of downloads are as in `loadPretrained`. */
export interface LoadEmbedderOptions extends RemoteFilesOptions, OnnxOptions {
  /**
   * The engine: TensorFlow.js, or ONNX Runtime, an optional peer (`npm install onnxruntime-node`, in pages `onnxruntime-web`), which
   * runs what `unitsphere export RUN --to onnx` writes. Default: `tfjs`.
   */
  runtime?: 'tfjs' | 'onnx';
  /**
   * Threads that compute the network together. Embeddings do not depend on it. On TensorFlow.js, it takes effect on the WASM backend
   * and with `@unitsphere/native`; a page needs the headers `Cross-Origin-Opener-Policy: same-origin` and
   * `Cross-Origin-Embedder-Policy: require-corp`. Default: 1 on TensorFlow.js, the runtime's own choice on ONNX Runtime.
   */
  threads?: number;
  /** Architecture and preprocessing of a checkpoint of an earlier version, which has no config.json. */
  config?: EmbedderOptions;
}

/**
 * Loads an embedder. On TensorFlow.js, it runs on the current backend, or else on the fastest that works here.
 *
 * A model folder has `config.json`, `preprocessor_config.json` and `model.safetensors`. A run of the trainer gives its best
 * checkpoint, or else its newest complete one. A backbone of timm gives the mean of its last feature map. Downloads are cached
 * and verified.
 * @param source The path of a model folder, a run or a checkpoint; the URL of a model folder, or in a page its path (`/model`);
 *   or a model of the Hugging Face hub (`owner/name`, `owner/name@revision`). It can also be an object with the contents of a model
 *   folder's files by name, such as a page's files. With `runtime: 'onnx'`, the source is an .onnx file, or one of these that has
 *   `model.onnx` or `onnx/model.onnx`.
 * @throws EmbedderError if there is no model, a file is missing, damaged or of another architecture, a weight is NaN or infinite
 *   (with the tensor's name), no backend can be used, or there are several threads in a page whose threads cannot share memory.
 * @throws SourceError if a download fails.
 */
export async function loadEmbedder(
  source: EmbedderSource,
  { runtime = 'tfjs', config, threads, ...options }: LoadEmbedderOptions = {},
): Promise<Embedder> {
  if (runtime === 'onnx') {
    const { loadOnnxEmbedder } = await import('./onnx/load-onnx.js');
    return loadOnnxEmbedder(source, { threads, ...options });
  }
  if (runtime !== 'tfjs') {
    throw new EmbedderError('RUNTIME_UNAVAILABLE', `there is no runtime "${runtime}"; use "tfjs" or "onnx"`);
  }
  const files = await openFiles(source, options);
  const model = await openModel(files, config && completeConfig(config));
  const embedder = await createFromConfig(model.config, (network) => model.load(network), { threads });
  await files.keep?.();
  return embedder;
}
