import { type LoadedWeights, type LoadPretrainedOptions, loadPretrained } from '@unitsphere/pretrained';
import type { ClipTower } from './clip-tower.js';
import { type ClipTowerConfig, type ClipTowerName, clipTowerConfigs } from './configs.js';
import { convertKeys, KEYS_OUTSIDE_TOWER } from './convert-keys.js';
import { createClipTower } from './create-clip-tower.js';

/** Options of {@link loadClipTower}: those of `loadPretrained`, except for the ones about keys. */
export type LoadClipTowerOptions = Omit<LoadPretrainedOptions, 'ignore' | 'convert' | 'strict'>;

/** Result of {@link loadClipTower}. */
export interface LoadedClipTower {
  tower: ClipTower;
  /** Source and format of the weights. */
  loaded: LoadedWeights;
}

/**
 * Creates a CLIP image tower and loads published weights. Missing and unexpected keys are errors, except for those of the text
 * tower, which are listed in `loaded.skippedKeys`. The keys are those of OpenAI and OpenCLIP (`visual.conv1.weight`, …) or of
 * transformers (`vision_model.embeddings.patch_embedding.weight`, …).
 *
 * The file does not contain the activation that its weights were trained with: OpenAI's require a `-quickgelu` tower.
 * @param tower OpenCLIP's name, or an architecture.
 * @param source A file (safetensors or PyTorch), bytes, a URL, or a model of the hub such as `openai/clip-vit-base-patch32`. For
 *   OpenCLIP's models on the hub, set `file: 'open_clip_model.safetensors'`.
 * @throws WeightsMismatchError, SourceError, CheckpointError and SafetensorsError as `loadPretrained`; errors of
 *   `createClipTower`.
 */
export async function loadClipTower(
  tower: ClipTowerName | ClipTowerConfig,
  source: Parameters<typeof loadPretrained>[1],
  options: LoadClipTowerOptions = {},
): Promise<LoadedClipTower> {
  const created = createClipTower(tower);
  const { kind } = typeof tower === 'string' ? clipTowerConfigs[tower] : tower;
  try {
    const loaded = await loadPretrained(created, source, {
      ...options,
      ignore: KEYS_OUTSIDE_TOWER,
      convert: (state) => convertKeys(state, kind),
    });
    return { tower: created, loaded };
  } catch (error) {
    created.dispose();
    throw error;
  }
}
