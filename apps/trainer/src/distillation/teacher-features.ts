import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import type { Teacher } from '@unitsphere/clip-distiller';
import { CachedTeacher, FeatureCacheError } from '@unitsphere/clip-distiller/node';
import { cacheFolder } from '@unitsphere/core/disk';
import {
  applyView,
  cleanImage,
  type ImageSource,
  isFormatSpec,
  openSource,
  type PlannedSample,
  TrainingSampler,
} from '@unitsphere/data';
import type { Config } from '../config/config.js';
import type { Dataset } from '../dataset/dataset.js';
import { samplerOptions } from '../dataset/dataset-images.js';
import { countingPhase } from '../progress/counting-phase.js';
import type { ProgressReporter } from '../progress/progress-reporter.js';
import { UserError } from '../user-error.js';
import { openTeacher } from './open-teacher.js';

/** A teacher's features of a training's clean images. */
export interface TeacherFeatures {
  /** Values per feature. */
  readonly width: number;
  /** Returns the features of planned samples: samples × width, row-major. */
  of(plan: readonly PlannedSample[]): Float32Array;
}

/**
 * Returns the teacher's features of every clean image of the training, cached or computed now. The teacher sees the student's
 * views, cut from images of its own input size.
 * @throws UserError for an unusable teacher or cache; Error for a config without distillation.
 */
export async function teacherFeatures(
  config: Config,
  dataset: Dataset,
  progress: ProgressReporter,
): Promise<TeacherFeatures> {
  if (!config.distillation) throw new Error('teacherFeatures: the config has no distillation.');
  const { teacher: wanted, batchSize, cacheDir } = config.distillation;
  progress.phase('opening the teacher');
  const teacher = await openTeacher(wanted);
  const folder = cacheDir ?? join(cacheFolder(), 'unitsphere', 'teacher-features');
  let cache: CachedTeacher | undefined;
  try {
    cache = new CachedTeacher(teacher, { folder, batchSize });
    const source = await sourceFor(teacher, dataset);
    return await gather({ config, source, dataset, cache, batchSize, progress });
  } catch (error) {
    if (!(error instanceof FeatureCacheError)) throw error;
    throw new UserError(`the teacher's features: ${error.message}`, {
      hint: 'Use another folder: --set distillation.cacheDir=DIR',
      cause: error,
    });
  } finally {
    progress.phase(null);
    cache?.close();
    await teacher.dispose();
  }
}

/** Opens the dataset's images at the size from which the teacher's input is cut. */
async function sourceFor({ preprocessing }: Teacher, { spec }: Dataset): Promise<ImageSource> {
  const side = sideOf(preprocessing);
  if (spec.kind === 'documents' || spec.kind === 'faces') return openSource({ ...spec, size: side });
  return openSource(isFormatSpec(spec) ? { ...spec, side } : spec);
}

const sideOf = ({ imageSize, cropFraction = 1 }: Teacher['preprocessing']) =>
  Math.floor(imageSize / cropFraction);

interface GatherOptions {
  config: Config;
  source: ImageSource;
  dataset: Dataset;
  cache: CachedTeacher;
  batchSize: number;
  progress: ProgressReporter;
}

async function gather(options: GatherOptions): Promise<TeacherFeatures> {
  const { config, source, dataset, cache, batchSize, progress } = options;
  const { teacher } = cache;
  const { width } = teacher;
  const side = sideOf(teacher.preprocessing);
  // If all samples of an identity show the same picture, it has one clean image per view.
  const keyOf = ({ identity, sample, view }: PlannedSample) =>
    `${identity} ${source.clean ? 0 : sample} ${view}`;
  const planned = plannedSamples(config, dataset, keyOf);
  const rows = new Map([...planned.keys()].map((key, row) => [key, row]));
  const values = new Float32Array(rows.size * width);
  const samples = [...planned.values()];
  const number = (n: number) => n.toLocaleString('en');
  const phase = countingPhase(progress);
  for (let begin = 0; begin < samples.length; begin += batchSize) {
    phase(`the teacher's features: ${number(begin)} of ${number(samples.length)}`);
    const images = await Promise.all(
      samples
        .slice(begin, begin + batchSize)
        .map(async ({ identity, sample, view }) =>
          applyView(await cleanImage(source, identity, sample), view, side),
        ),
    );
    const features = await cache.features(images);
    values.set((await features.data()) as Float32Array, begin * width);
    tf.dispose(features);
  }
  progress.note(`teacher: ${cache.describe()}`);
  return {
    width,
    of(plan) {
      const found = new Float32Array(plan.length * width);
      plan.forEach((sample, i) => {
        const row = rows.get(keyOf(sample));
        if (row === undefined) throw new Error(`teacherFeatures: sample ${keyOf(sample)} was not planned.`);
        found.set(values.subarray(row * width, (row + 1) * width), i * width);
      });
      return found;
    },
  };
}

/** Returns every distinct clean image of the training's steps, by its key. */
function plannedSamples(
  config: Config,
  dataset: Dataset,
  keyOf: (sample: PlannedSample) => string,
): Map<string, PlannedSample> {
  const sampler = new TrainingSampler(samplerOptions(config, dataset));
  const planned = new Map<string, PlannedSample>();
  for (let step = 0; step < config.training.steps; step++) {
    for (const sample of sampler.planBatch(step)) planned.set(keyOf(sample), sample);
  }
  return planned;
}
