import { type LoadedWeights, type LoadPretrainedOptions, loadPretrained } from '@unitsphere/pretrained';
import type { ClipTower } from './clip-tower.js';
import { type ClipTowerConfig, type ClipTowerName, clipTowerConfigs } from './configs.js';
import { convertKeys, NOT_OF_THE_TOWER } from './convert-keys.js';
import { createClipTower } from './create-clip-tower.js';

/** How a tower's weights are loaded: as `loadPretrained`, which keys fit is fixed. */
export type LoadClipTowerOptions = Omit<LoadPretrainedOptions, 'ignore' | 'convert' | 'strict'>;

/** A tower with its weights, and where they came from. */
export interface LoadedClipTower {
  tower: ClipTower;
  loaded: LoadedWeights;
}

/**
 * Makes a CLIP image tower and puts published weights into it, strictly: every key of the tower must be there and every key
 * of the file be used, but for the text tower's, which `loaded.leftOut` lists. The keys are OpenAI's and OpenCLIP's
 * (`visual.conv1.weight`, …) or those of transformers (`vision_model.embeddings.patch_embedding.weight`, …).
 *
 * The file does not say which activation its weights were trained with: OpenAI's need a `-quickgelu` tower.
 * @param tower OpenCLIP's name, or a shape of one's own.
 * @param source A file (safetensors or PyTorch), bytes, an address, or a model of the hub, `openai/clip-vit-base-patch32`;
 * of OpenCLIP's models there, `file: 'open_clip_model.safetensors'`.
 * @throws WeightsMismatchError, SourceError, CheckpointError and SafetensorsError as `loadPretrained`; what `createClipTower`
 * throws.
 */
export async function loadClipTower(
  tower: ClipTowerName | ClipTowerConfig,
  source: Parameters<typeof loadPretrained>[1],
  options: LoadClipTowerOptions = {},
): Promise<LoadedClipTower> {
  const made = createClipTower(tower);
  const { kind } = typeof tower === 'string' ? clipTowerConfigs[tower] : tower;
  try {
    const loaded = await loadPretrained(made, source, {
      ...options,
      ignore: NOT_OF_THE_TOWER,
      convert: (state) => convertKeys(state, kind),
    });
    return { tower: made, loaded };
  } catch (error) {
    made.dispose();
    throw error;
  }
}
