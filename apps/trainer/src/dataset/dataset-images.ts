import {
  BatchLoader,
  type BatchLoaderOptions,
  type PlannedSample,
  type TrainingSamplerOptions,
} from '@unitsphere/data';
import type { Config } from '../config/config.js';
import type { TrainingImages } from './batches.js';
import type { Dataset } from './dataset.js';
import { evaluationImages } from './evaluation-images.js';

/** What making batches needs of a browser; nothing in Node. */
export type BatchMeans = Pick<BatchLoaderOptions, 'canvases' | 'createWorker'>;

/** What decides which samples each step has. */
export function samplerOptions(
  { data, seed, training }: Config,
  { source, split }: Pick<Dataset, 'source' | 'split'>,
): TrainingSamplerOptions {
  return {
    sourceIdentities: source.identities,
    identities: split.train,
    views: data.views,
    batchSize: training.batchSize,
    seed,
    uprightSteps: data.uprightSteps,
    imagesPerClass: data.imagesPerClass,
  };
}

/**
 * A training's images from an opened source, as the config says.
 * @param teacher The teacher's features of planned samples, where there is one.
 */
export function datasetImages(
  config: Config,
  dataset: Dataset,
  means: BatchMeans = {},
  teacher?: { of(plan: readonly PlannedSample[]): Float32Array },
): TrainingImages {
  const { data, distillation } = config;
  const { source, split, spec } = dataset;
  const { sourceIdentities: _, ...drawn } = samplerOptions(config, dataset);
  return {
    evaluation: (part) => evaluationImages(source, split[part], { size: data.imageSize, seed: config.seed }),
    async batches(fromStep) {
      const loader = await BatchLoader.create({
        source: spec,
        ...drawn,
        size: data.imageSize,
        augment: data.augment,
        workers: data.workers,
        clean: distillation !== null && distillation.batch !== 'augmented',
        fromStep,
        ...means,
      });
      if (!teacher) return loader;
      return {
        labelsAt: (step) => loader.labelsAt(step),
        close: () => loader.close(),
        async next() {
          const batch = await loader.next();
          const features = teacher.of(loader.sampler.batchPlan(batch.step));
          // The clean images alone take the augmented ones' place.
          if (distillation?.batch === 'clean')
            return { ...batch, images: batch.clean!, clean: undefined, features };
          return { ...batch, features };
        },
      };
    },
  };
}
