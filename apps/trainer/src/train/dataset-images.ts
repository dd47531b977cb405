import { BatchLoader, type BatchLoaderOptions } from '@unitsphere/data';
import type { Config } from '../config/config.js';
import { evaluationImages } from '../evaluate/evaluation-images.js';
import type { Dataset } from './dataset.js';
import type { TrainingImages } from './training-loop.js';

/** What making batches needs of a browser; nothing in Node. */
export type BatchMeans = Pick<BatchLoaderOptions, 'canvases' | 'createWorker'>;

/** A training's images from an opened source, as the config says. */
export function datasetImages(
  { data, seed, training }: Config,
  { source, split, spec }: Dataset,
  means: BatchMeans = {},
): TrainingImages {
  return {
    evaluation: (part) => evaluationImages(source, split[part], { size: data.imageSize, seed }),
    batches: (fromStep) =>
      BatchLoader.create({
        source: spec,
        identities: split.train,
        views: data.views,
        size: data.imageSize,
        batchSize: training.batchSize,
        seed,
        uprightSteps: data.uprightSteps,
        imagesPerClass: data.imagesPerClass,
        augment: data.augment,
        workers: data.workers,
        fromStep,
        ...means,
      }),
  };
}
