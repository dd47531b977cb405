import { checkFinite, NonFiniteError } from '@unitsphere/core';
import {
  builtinModule,
  createFile,
  explainDiskError,
  replaceFolder,
  syncFolder,
  temporaryPath,
} from '@unitsphere/core/disk';
import type { Embedder } from './embedder.js';
import { EmbedderError } from './embedder-error.js';
import type { ModelCard } from './model-card.js';
import { modelFolderFiles } from './model-folder.js';

/** Options of {@link saveEmbedder} and {@link embedderFiles}. */
export interface SaveEmbedderOptions {
  /** Contents of the model card. */
  card?: ModelCard;
}

/**
 * Returns the files of a model folder by name: `config.json`, `preprocessor_config.json`, `model.safetensors`, `README.md`.
 * `loadEmbedder` accepts them.
 * @throws EmbedderError if a weight is NaN or infinite, with the tensor's name.
 */
export async function embedderFiles(
  embedder: Embedder,
  { card }: SaveEmbedderOptions = {},
): Promise<Record<string, Uint8Array>> {
  const state = await embedder.stateDict();
  try {
    checkFinite(state, 'the embedder');
  } catch (error) {
    if (!(error instanceof NonFiniteError)) throw error;
    throw new EmbedderError('WEIGHTS_INVALID', error.message, { cause: error });
  }
  const { config: model, preprocessing, embeddingSize } = embedder;
  return modelFolderFiles({ config: { model, preprocessing }, embeddingSize, state }, card);
}

/**
 * Writes an embedder to a folder in Hugging Face's layout, in Node: `config.json`, `preprocessor_config.json`,
 * `model.safetensors` and `README.md`. The folder appears whole or not at all.
 * @param folder A folder that does not exist or is empty.
 * @throws EmbedderError if the folder has files or cannot be written, or a weight is NaN or infinite.
 */
export async function saveEmbedder(
  embedder: Embedder,
  folder: string,
  options: SaveEmbedderOptions = {},
): Promise<void> {
  const { dirname, join, resolve } = builtinModule('node:path');
  const { mkdir, readdir, rm } = builtinModule('node:fs/promises');
  const files = await embedderFiles(embedder, options);
  const path = resolve(folder);
  const temporary = temporaryPath(path);
  try {
    const present = await readdir(path).catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return [];
      throw error;
    });
    if (present.length > 0) {
      throw new EmbedderError(
        'FOLDER_NOT_EMPTY',
        `${folder} is not empty; choose another folder, or delete it`,
      );
    }
    await mkdir(dirname(path), { recursive: true });
    await mkdir(temporary);
    for (const [name, bytes] of Object.entries(files)) await createFile(join(temporary, name), bytes);
    await syncFolder(temporary);
    await replaceFolder(temporary, path);
    await syncFolder(dirname(path));
  } catch (error) {
    await rm(temporary, { recursive: true, force: true }).catch(() => {});
    if (error instanceof EmbedderError) throw error;
    const reason = explainDiskError(error) ?? (error as Error).message;
    throw new EmbedderError('FOLDER_NOT_WRITABLE', `${folder} cannot be written: ${reason}`, {
      cause: error,
    });
  }
}
