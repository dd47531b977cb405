/** File names of a model folder, as in Hugging Face's. */
export const MODEL_FILES = {
  config: 'config.json',
  preprocessor: 'preprocessor_config.json',
  weights: 'model.safetensors',
  card: 'README.md',
} as const;
