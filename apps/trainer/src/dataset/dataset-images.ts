import {
  BatchLoader,
  type BatchLoaderOptions,
  DecodedSource,
  type PlannedSample,
  TrainingSampler,
  type TrainingSamplerOptions,
} from '@unitsphere/data';
import type { Config } from '../config/config.js';
import { UserError } from '../user-error.js';
import type { TrainingImages } from './batches.js';
import type { Dataset } from './dataset.js';
import { evaluationImages, evaluationOptions } from './evaluation-images.js';

/** What makes batches: a number of workers, what a page supplies for them, and the part of every batch to make. */
export type BatchTools = Required<Pick<BatchLoaderOptions, 'workers'>> &
  Pick<BatchLoaderOptions, 'canvases' | 'createWorker' | 'part'>;

/** Returns the options that determine the samples of each step. */
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
    sampler: data.sampler,
    ...(data.sampler === 'hierarchical' && { superClassesPerBatch: data.superClassesPerBatch }),
    imagesPerClass: data.imagesPerClass,
  };
}

/** @throws UserError if the training identities do not suit the config's sampler. */
export function checkSampler(config: Config, dataset: Dataset): void {
  try {
    new TrainingSampler(samplerOptions(config, dataset));
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw new UserError(error.message.replace(/^TrainingSampler: /, ''), {
      hint: 'Choose another sampler (--set data.sampler=class-balanced), or another --set training.batchSize=…',
      cause: error,
    });
  }
}

/**
 * Returns the images of a training from an opened source, as configured.
 * @param teacher Returns the teacher's features of planned samples; omitted without distillation.
 */
export function datasetImages(
  config: Config,
  dataset: Dataset,
  tools: BatchTools,
  teacher?: { of(plan: readonly PlannedSample[]): Float32Array },
): TrainingImages {
  const { data, distillation } = config;
  const { source, split, spec } = dataset;
  const { sourceIdentities: _, ...drawn } = samplerOptions(config, dataset);
  return {
    evaluation: (part) => evaluationImages(source, split[part], evaluationOptions(config)),
    async batches(fromStep) {
      const loader = await BatchLoader.create({
        // Workers share the memory of decoded images; other sources are opened by each.
        source: source instanceof DecodedSource ? source : spec,
        ...drawn,
        size: data.imageSize,
        augment: data.augment,
        clean: distillation !== null && distillation.batch !== 'augmented',
        fromStep,
        ...tools,
      });
      if (!teacher) return loader;
      return {
        labelsAt: (step) => loader.labelsAt(step),
        close: () => loader.close(),
        async next() {
          const batch = await loader.next();
          const plan = loader.sampler.planBatch(batch.step);
          const features = teacher.of(tools.part ? plan.slice(...tools.part) : plan);
          const { clean } = batch;
          if (clean && distillation?.batch === 'clean')
            return { ...batch, images: clean, clean: undefined, features };
          return { ...batch, features };
        },
      };
    },
  };
}
