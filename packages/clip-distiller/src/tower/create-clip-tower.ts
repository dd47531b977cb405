import { Random } from '@unitsphere/core';
import { ClipResNet } from './clip-resnet.js';
import type { ClipTower } from './clip-tower.js';
import { ClipVisionTransformer } from './clip-vision-transformer.js';
import { type ClipTowerConfig, type ClipTowerName, clipTowerConfigs } from './configs.js';

/** Every named tower. */
export function listClipTowers(): ClipTowerName[] {
  return Object.keys(clipTowerConfigs) as ClipTowerName[];
}

/**
 * Makes a CLIP image tower, in evaluation mode, for weights that are loaded into it; `loadClipTower` does both.
 * @param tower OpenCLIP's name, or a shape of one's own.
 * @param options.random The stream of the initial weights. Default: none; all weights are 0 until they are loaded.
 * @throws Error for a name that is not in `listClipTowers()`; RangeError for a shape that does not fit together.
 */
export function createClipTower(
  tower: ClipTowerName | ClipTowerConfig,
  { random = new NoRandom(0) }: { random?: Random } = {},
): ClipTower {
  const config = typeof tower === 'string' ? named(tower) : tower;
  check(config);
  const made =
    config.kind === 'vit' ? new ClipVisionTransformer(config, random) : new ClipResNet(config, random);
  return made.eval();
}

function named(name: ClipTowerName): ClipTowerConfig {
  if (!Object.hasOwn(clipTowerConfigs, name)) {
    throw new Error(`createClipTower: there is no tower "${name}". Known: ${listClipTowers().join(', ')}.`);
  }
  return clipTowerConfigs[name];
}

function check(config: ClipTowerConfig): void {
  const { imageSize, width, heads, kind } = config;
  const patch = kind === 'vit' ? config.patchSize : 32;
  const channels = kind === 'vit' ? width : 32 * width;
  if (!(imageSize > 0) || imageSize % patch !== 0)
    throw new RangeError(`createClipTower: imageSize must be a multiple of ${patch}, not ${imageSize}.`);
  if (channels % heads !== 0)
    throw new RangeError(`createClipTower: ${heads} heads do not divide ${channels} channels.`);
  if (kind === 'resnet' && width % 2 !== 0)
    throw new RangeError(`createClipTower: a ResNet's width must be even, not ${width}.`);
}

/** Initial weights that cost nothing, as loaded ones follow: a large tower has 300 million. */
class NoRandom extends Random {
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
