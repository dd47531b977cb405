import { readSafetensors, type StateDict, writeSafetensors } from '@unitsphere/core';
import type { ModelFileContents } from '@unitsphere/embedder';
import type { ShippedName } from '../config/shipped-architecture.js';

/** The models of `@unitsphere/models` by their names. Their weights are loaded only when one is used. */
const SHIPPED: Readonly<Record<ShippedName, () => Promise<ModelFileContents>>> = {
  'document-base': async () => (await import('@unitsphere/models')).documentBase,
  'document-small': async () => (await import('@unitsphere/models')).documentSmall,
};

/** The names of the models that are shipped with the trainer. */
export const SHIPPED_MODELS: readonly string[] = Object.keys(SHIPPED);

/** Returns the files of a shipped model. */
export function openShippedModel(name: ShippedName): Promise<ModelFileContents> {
  return SHIPPED[name]();
}

/** Returns all weights of a shipped model, head included, as the files of a checkpoint. */
export async function shippedWeights(name: ShippedName): Promise<Record<string, Uint8Array>> {
  const { tensors } = readSafetensors((await openShippedModel(name))['model.safetensors'] as Uint8Array);
  const backbone: StateDict = new Map();
  const head: StateDict = new Map();
  for (const [key, tensor] of tensors) {
    if (key.startsWith('backbone.')) backbone.set(key.slice('backbone.'.length), tensor);
    else head.set(key, tensor);
  }
  return {
    'backbone.safetensors': writeSafetensors(backbone),
    'head.safetensors': writeSafetensors(head),
  };
}
