import { type StateDict, writeSafetensors } from '@unitsphere/core';
import { formatPreprocessorConfig } from '@unitsphere/images';
import { formatConfig } from './config-json.js';
import type { EmbedderConfig } from './embedder-config.js';
import { fingerprintOf } from './fingerprint.js';
import { formatModelCard, type ModelCard } from './model-card.js';
import { version } from './version.js';

/** File names of a model folder, as in Hugging Face's. */
export const MODEL_FILES = {
  config: 'config.json',
  preprocessor: 'preprocessor_config.json',
  weights: 'model.safetensors',
  card: 'README.md',
} as const;

/**
 * Returns the two files of a model folder that describe the model: `config.json` and `preprocessor_config.json`.
 * @param embeddingSize Length of the embedding, which a model without a head does not state.
 */
export function configFiles(
  { model, preprocessing }: EmbedderConfig,
  embeddingSize: number,
): Record<string, Uint8Array> {
  return {
    [MODEL_FILES.config]: toBytes(formatConfig(model, embeddingSize, version)),
    [MODEL_FILES.preprocessor]: toBytes(formatPreprocessorConfig(preprocessing)),
  };
}

/** What a model folder is made of. */
export interface ModelContents {
  readonly config: EmbedderConfig;
  readonly embeddingSize: number;
  readonly state: StateDict;
}

/** Returns all files of a model folder by name. */
export function modelFolderFiles(
  { config, embeddingSize, state }: ModelContents,
  card?: ModelCard,
): Record<string, Uint8Array> {
  const facts = { ...config, embeddingSize, fingerprint: fingerprintOf(config, state) };
  return {
    ...configFiles(config, embeddingSize),
    // timm and transformers require this entry.
    [MODEL_FILES.weights]: writeSafetensors(state, { format: 'pt' }),
    [MODEL_FILES.card]: toBytes(formatModelCard(facts, card)),
  };
}

const toBytes = (text: string) => new TextEncoder().encode(text);
