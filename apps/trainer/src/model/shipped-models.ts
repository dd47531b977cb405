import { existsSync } from 'node:fs';
import type { ModelFileContents } from '@unitsphere/embedder';

/** The models of `@unitsphere/models` by their names. Their weights are loaded only when one is used. */
const SHIPPED: Readonly<Record<string, () => Promise<ModelFileContents>>> = {
  'document-small': async () => (await import('@unitsphere/models')).documentSmall,
};

/** The names of the models that are shipped with the trainer. */
export const SHIPPED_MODELS = Object.keys(SHIPPED);

/** Returns the files of a shipped model; undefined for another name. A file or folder of that name takes precedence. */
export async function openShippedModel(name: string): Promise<ModelFileContents | undefined> {
  return Object.hasOwn(SHIPPED, name) && !existsSync(name) ? SHIPPED[name]() : undefined;
}
