import type { EmbedderConfig } from '../embedder-config.js';
import type { EmbeddingModel } from '../model/embedding-model.js';

/** What a source holds: the config, and a function that loads its weights into the model. */
export interface OpenedModel {
  readonly config: EmbedderConfig;
  load(model: EmbeddingModel): Promise<void>;
}
