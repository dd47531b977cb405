import { completeConfig, type EmbedderOptions, type ModelDescription } from './embedder-config.js';
import { EmbedderError } from './embedder-error.js';

/** `model_type` of config.json. */
export const MODEL_TYPE = 'unitsphere';

// In config.json, as in Hugging Face's, words are separated by underscores.
const KEYS = {
  backbone: 'backbone',
  outIndex: 'out_index',
  neck: 'neck',
  squeezeRatio: 'squeeze_ratio',
  head: 'head',
  norm: 'norm',
  embeddingSize: 'embedding_size',
  imageSize: 'image_size',
} as const satisfies Record<keyof ModelDescription, string>;

/**
 * Formats config.json: the architecture, with the library's name and version.
 * @param embeddingSize The length of the embedding, which a model without a head does not state.
 */
export function formatConfig(model: ModelDescription, embeddingSize: number, version: string): string {
  const entries = Object.entries(KEYS).flatMap(([name, key]) => {
    const value = model[name as keyof ModelDescription];
    return value === undefined ? [] : [[key, value]];
  });
  const config = {
    model_type: MODEL_TYPE,
    architectures: ['EmbeddingModel'],
    library_name: 'unitsphere',
    library_version: version,
    ...Object.fromEntries(entries),
    embedding_size: embeddingSize,
    hidden_size: embeddingSize,
  };
  return `${JSON.stringify(config, null, 2)}\n`;
}

/** Parses config.json's architecture. @throws EmbedderError that names what is wrong. */
export function parseModel(config: Record<string, unknown>): ModelDescription {
  if (config.model_type !== MODEL_TYPE) {
    throw new EmbedderError(
      'MODEL_INVALID',
      `model_type must be "${MODEL_TYPE}", not ${JSON.stringify(config.model_type)}`,
    );
  }
  const options = Object.fromEntries(
    Object.entries(KEYS).flatMap(([name, key]) => (key in config ? [[name, config[key]]] : [])),
  );
  return completeConfig(options as unknown as EmbedderOptions).model;
}
