import type { ModelFileContents } from '@unitsphere/embedder';

/** A model folder as it is in the package: weights in base64, so that the package is the same in Node and pages. */
export interface PackedModel {
  config: object;
  preprocessor: object;
  /** model.safetensors in base64. */
  weights: string;
  card: string;
}

/** Returns the files of a model folder. The weights are decoded when they are first read. */
export function modelFiles({ config, preprocessor, weights, card }: PackedModel): ModelFileContents {
  let bytes: Uint8Array | undefined;
  return {
    'config.json': JSON.stringify(config),
    'preprocessor_config.json': JSON.stringify(preprocessor),
    get 'model.safetensors'() {
      bytes ??= fromBase64(weights);
      return bytes;
    },
    'README.md': card,
  };
}

/** Decodes base64 with functions that Node and all browsers have; `Uint8Array.fromBase64` is too new. */
export function fromBase64(text: string): Uint8Array {
  const letters = atob(text);
  const bytes = new Uint8Array(letters.length);
  for (let i = 0; i < letters.length; i++) bytes[i] = letters.charCodeAt(i);
  return bytes;
}
