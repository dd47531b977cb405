import type { ModelFileContents } from '@unitsphere/embedder';
import config from '../weights/document-small/config.json';
import weights from '../weights/document-small/model.safetensors';
import preprocessor from '../weights/document-small/preprocessor_config.json';
import card from '../weights/document-small/README.md';
import { modelFiles } from './model-files.js';

/**
 * A network of 1.0 million parameters that recognizes cards and documents from one picture each: 128 × 128 pixels → 256 values of
 * unit length. The first layers of EfficientNet-Lite0 (Liu et al. 2020), trained on composed cards with CosFace (Wang et al. 2018).
 *
 * These are the files of a model folder; `loadEmbedder(documentSmall)` of `@unitsphere/embedder` loads them without a network.
 * `documentSmall['README.md']` is the model card: data, licenses, figures with intervals, thresholds and known failures.
 */
export const documentSmall: ModelFileContents = /* @__PURE__ */ modelFiles({
  config,
  preprocessor,
  weights,
  card,
});
