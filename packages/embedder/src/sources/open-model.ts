import { parsePreprocessorConfig } from '@unitsphere/images';
import { parseModel } from '../config-json.js';
import { loadWeights } from '../create-embedder.js';
import type { EmbedderConfig } from '../embedder-config.js';
import { EmbedderError } from '../embedder-error.js';
import { MODEL_FILES } from '../model-folder.js';
import type { ModelFiles } from './model-files.js';
import type { OpenedModel } from './opened-model.js';
import { parseFile, readWeights, requireFile, toJsonObject } from './read-files.js';
import { isTimmConfig, openTimmModel } from './timm-model.js';

/**
 * Opens a model folder of our own or of timm. A checkpoint of the trainer is a model folder with its weights in two files.
 * @param config The config, if the files have none.
 * @throws EmbedderError with the file and the entry that is wrong.
 */
export async function openModel(files: ModelFiles, config?: EmbedderConfig): Promise<OpenedModel> {
  const bytes = await files.read(MODEL_FILES.config);
  if (!bytes && !config) {
    throw new EmbedderError(
      'MODEL_INVALID',
      `${files.name} has no ${MODEL_FILES.config}. For a run or a checkpoint of an earlier version, write a model folder: unitsphere export RUN --to folder`,
    );
  }
  const json = bytes && parseFile(files, MODEL_FILES.config, () => toJsonObject(bytes));
  if (json && isTimmConfig(json)) return openTimmModel(files, json);
  return {
    config: json ? await readConfig(files, json) : (config as EmbedderConfig),
    async load(model) {
      loadWeights(model, await readWeights(files), `${files.name}`);
    },
  };
}

async function readConfig(files: ModelFiles, json: Record<string, unknown>): Promise<EmbedderConfig> {
  const model = parseFile(files, MODEL_FILES.config, () => parseModel(json));
  const text = new TextDecoder().decode(await requireFile(files, MODEL_FILES.preprocessor));
  const preprocessing = parseFile(files, MODEL_FILES.preprocessor, () => parsePreprocessorConfig(text));
  if (preprocessing.imageSize === model.imageSize) return { model, preprocessing };
  throw new EmbedderError(
    'MODEL_INVALID',
    `${files.name}: config.json has images of ${model.imageSize} pixels, but preprocessor_config.json has ${preprocessing.imageSize}`,
  );
}
