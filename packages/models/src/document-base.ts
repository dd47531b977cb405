import type { ModelFileContents } from '@unitsphere/embedder';
import config from '../weights/document-base/config.json';
import weights from '../weights/document-base/model.safetensors';
import preprocessor from '../weights/document-base/preprocessor_config.json';
import card from '../weights/document-base/README.md';
import { modelFiles } from './model-files.js';

/**
 * A network of 1.5 million parameters that recognizes cards and documents from one picture each: 224 × 224 pixels → 256 values of
 * unit length. The network of `documentSmall`, trained on with larger images: it sees finer details and takes 2.3 times as long.
 *
 * These are the files of a model folder; `loadEmbedder(documentBase)` of `@unitsphere/embedder` loads them without a network.
 * `documentBase['README.md']` is the model card: data, licenses, figures with intervals, thresholds and known failures.
 */
export const documentBase: ModelFileContents = /* @__PURE__ */ modelFiles({
  config,
  preprocessor,
  weights,
  card,
});
