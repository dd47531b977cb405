import { type BackboneName, listBackbones } from '@unitsphere/backbones';
import { type Preprocessing, parsePreprocessing } from '@unitsphere/images';
import { loadPretrained } from '@unitsphere/pretrained';
import { EmbedderError } from '../embedder-error.js';
import type { ModelFiles } from './model-files.js';
import type { OpenedModel } from './opened-model.js';
import { parseFile } from './read-files.js';

/** Returns whether config.json is timm's. */
export const isTimmConfig = (config: Record<string, unknown>): boolean =>
  typeof config.architecture === 'string' && 'pretrained_cfg' in config;

/**
 * Reads a backbone of timm as an embedder: its embedding is the mean of the last feature map.
 * @throws EmbedderError if the backbone is not in `listBackbones()`.
 */
export function openTimmModel(files: ModelFiles, config: Record<string, unknown>): OpenedModel {
  const backbone = config.architecture as BackboneName;
  if (!listBackbones().includes(backbone)) {
    throw new EmbedderError(
      'MODEL_INVALID',
      `${files.name} is a timm model with the architecture ${backbone}, which does not exist here. Known: ${listBackbones().join(', ')}`,
    );
  }
  const preprocessing: Preprocessing = parseFile(files, 'config.json', () =>
    parsePreprocessing(JSON.stringify(config)),
  );
  return {
    config: {
      model: { backbone, neck: 'gap', head: 'none', imageSize: preprocessing.imageSize },
      preprocessing,
    },
    async load(model) {
      const bytes = (await files.read('model.safetensors')) ?? (await files.read('pytorch_model.bin'));
      if (!bytes) {
        throw new EmbedderError(
          'MODEL_INVALID',
          `${files.name} has no weights: neither model.safetensors nor pytorch_model.bin`,
        );
      }
      await loadPretrained(model.backbone, bytes);
    },
  };
}
