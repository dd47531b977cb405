import { Random } from '@unitsphere/core';
import { ClipResNet } from './clip-resnet.js';
import type { ClipTower } from './clip-tower.js';
import { ClipVisionTransformer } from './clip-vision-transformer.js';
import { type ClipTowerConfig, type ClipTowerName, clipTowerConfigs } from './configs.js';

/** Returns the names of all towers. */
export function listClipTowers(): ClipTowerName[] {
  return Object.keys(clipTowerConfigs) as ClipTowerName[];
}

/**
 * Creates a CLIP image tower in evaluation mode. To also load weights, use `loadClipTower`.
 * @param tower OpenCLIP's name, or an architecture.
 * @param options.random Random stream of the initial weights. Default: none; all weights are 0.
 * @throws Error for a name that is not in `listClipTowers()`; RangeError for an inconsistent architecture.
 */
export function createClipTower(
  tower: ClipTowerName | ClipTowerConfig,
  { random = new ZeroRandom(0) }: { random?: Random } = {},
): ClipTower {
  const config = typeof tower === 'string' ? configOf(tower) : tower;
  checkConfig(config);
  const created =
    config.kind === 'vit' ? new ClipVisionTransformer(config, random) : new ClipResNet(config, random);
  return created.eval();
}

function configOf(name: ClipTowerName): ClipTowerConfig {
  if (!Object.hasOwn(clipTowerConfigs, name)) {
    throw new Error(`createClipTower: there is no tower "${name}". Known: ${listClipTowers().join(', ')}.`);
  }
  return clipTowerConfigs[name];
}

function checkConfig(config: ClipTowerConfig): void {
  const { imageSize, width, heads, kind } = config;
  const patch = kind === 'vit' ? config.patchSize : 32;
  const channels = kind === 'vit' ? width : 32 * width;
  if (!(imageSize > 0) || imageSize % patch !== 0)
    throw new RangeError(`createClipTower: imageSize must be a multiple of ${patch}, not ${imageSize}.`);
  if (channels % heads !== 0)
    throw new RangeError(`createClipTower: heads must divide ${channels} channels, not ${heads}.`);
  if (kind === 'resnet' && width % 2 !== 0)
    throw new RangeError(`createClipTower: a ResNet's width must be even, not ${width}.`);
}

/** Initializes weights to 0, as drawing random ones is slow for 300 million weights that are replaced by loaded ones. */
class ZeroRandom extends Random {
  override fork(): Random {
    return this;
  }
  override normal(): number {
    return 0;
  }
  override uniform(): number {
    return 0;
  }
}
