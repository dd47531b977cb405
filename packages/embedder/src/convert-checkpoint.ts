import { EmbedderError } from './embedder-error.js';
import type { ModelCard } from './model-card.js';
import { modelFolderFiles } from './model-folder.js';
import { filesOfObject, type ModelFileContents } from './sources/model-files.js';
import { openModel } from './sources/open-model.js';
import { readWeights } from './sources/read-files.js';

/**
 * Converts the files of a checkpoint of the trainer to those of a model folder, without creating the network.
 * @throws EmbedderError if a file is missing or damaged.
 */
export async function convertCheckpoint(
  checkpoint: ModelFileContents,
  card?: ModelCard,
): Promise<Record<string, Uint8Array>> {
  const files = filesOfObject(checkpoint);
  const { config } = await openModel(files);
  const { embeddingSize } = config.model;
  if (embeddingSize === undefined) throw new EmbedderError('MODEL_INVALID', 'the checkpoint has no head');
  return modelFolderFiles({ config, embeddingSize, state: await readWeights(files) }, card);
}
