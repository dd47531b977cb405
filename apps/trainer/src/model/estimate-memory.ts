import { describeBackbone } from '@unitsphere/backbones';
import type { Config } from '../config/config.js';
import { countSubCenters } from '../config/count-sub-centers.js';

/** Bytes that a training takes at least, by what they hold. */
export interface MemoryEstimate {
  /** Weights, gradients and optimizer state of one replica's model. */
  model: number;
  /** The feature maps of the images that one replica processes at once, which the backward pass reads. */
  activations: number;
  /** Class centers and their optimizer state, of all replicas together; 0 if they are in a file. */
  centers: number;
}

const FLOAT = 4;

/**
 * Estimates a training's memory from its config, before anything is allocated. It is a lower bound: it counts the maps between
 * a backbone's stages, not every layer's.
 */
export function estimateMemory(config: Config, classes: number, replicas: number): MemoryEstimate {
  const { model, data, training, optimizer, loss } = config;
  const backbone = describe(model.backbone);
  const maps = backbone?.featureInfo ?? [];
  const last = maps.at(-1);
  const area = ({ channels, reduction }: { channels: number; reduction: number }) =>
    channels * Math.ceil(data.imageSize / reduction) ** 2;
  // It counts only necks that keep the whole map; the others' outputs are small beside it.
  const features = last
    ? model.neck === 'flatten'
      ? area(last)
      : model.neck === 'gap'
        ? last.channels
        : 0
    : 0;
  const { embeddingSize } = model;
  const weights = (backbone?.parameters ?? 0) + features * embeddingSize + embeddingSize ** 2;
  // The weight, its gradient, and AdamW's two moments or SGD's one.
  const copies = optimizer.name === 'adamw' ? 4 : 3;
  const values = maps.reduce((sum, map) => sum + area(map), 3 * data.imageSize ** 2);
  return {
    model: FLOAT * copies * weights,
    activations: FLOAT * Math.ceil(training.batchSize / replicas / training.accumulate) * values,
    centers:
      loss.name === 'none' || loss.partialFc.store === 'file'
        ? 0
        : FLOAT * (copies - 1) * classes * countSubCenters(config) * embeddingSize,
  };
}

function describe(name: Config['model']['backbone']) {
  try {
    return describeBackbone(name);
  } catch {
    // A new backbone is not in the catalog until it has been measured.
    return undefined;
  }
}
