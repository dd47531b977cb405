import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import type { Teacher } from '@unitsphere/clip-distiller';
import { CachedTeacher, FeatureCacheError } from '@unitsphere/clip-distiller/node';
import type { Communicator } from '@unitsphere/collectives';
import { cacheFolder } from '@unitsphere/core/disk';
import { applyView, cleanImage, type ImageSource, isFormatSpec, openSource } from '@unitsphere/data';
import type { Config } from '../config/config.js';
import type { Dataset } from '../dataset/dataset.js';
import { countingPhase } from '../progress/counting-phase.js';
import type { ProgressReporter } from '../progress/progress-reporter.js';
import { broadcastJson } from '../replicas/broadcast-json.js';
import { UserError } from '../user-error.js';
import { type FeatureShape, FeatureTable, type TeacherFeatures } from './feature-table.js';
import { openTeacher } from './open-teacher.js';

/**
 * Returns the teacher's features of every clean image of the training, cached or computed now. The teacher sees the student's
 * views, cut from images of its own input size.
 * @param ranks The other processes of a group get the features while they are computed; they call `receiveTeacherFeatures`.
 * @throws UserError for an unusable teacher or cache; Error for a config without distillation.
 */
export async function teacherFeatures(
  config: Config,
  dataset: Dataset,
  progress: ProgressReporter,
  ranks?: Communicator,
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
    return await gather({ config, source, dataset, cache, batchSize, progress, ranks });
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

/** Returns the features that process 0 computes. Collective: process 0 calls `teacherFeatures`. */
export function receiveTeacherFeatures(
  config: Config,
  dataset: Dataset,
  ranks: Communicator,
): TeacherFeatures {
  const table = new FeatureTable(config, dataset, broadcastJson<FeatureShape>(ranks));
  for (const { values } of table.batches()) ranks.broadcast(values);
  return table;
}

/**
 * Opens the dataset's images at the size from which the teacher's input is cut.
 * @throws UserError if the source has no images of that size.
 */
async function sourceFor({ preprocessing }: Teacher, { spec }: Dataset): Promise<ImageSource> {
  const side = sideOf(preprocessing);
  try {
    if (spec.kind === 'documents' || spec.kind === 'faces') return await openSource({ ...spec, size: side });
    return await openSource(isFormatSpec(spec) ? { ...spec, side } : spec);
  } catch (error) {
    // The other values of the specification have opened the student's images.
    if (!(error instanceof RangeError)) throw error;
    throw new UserError(`the teacher's input is cut from images of ${side} px: ${error.message}`, {
      hint: 'Use a teacher with another input size (distillation.teacher.preprocessing.imageSize), or other images.',
      cause: error,
    });
  }
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
  ranks: Communicator | undefined;
}

async function gather(options: GatherOptions): Promise<TeacherFeatures> {
  const { config, source, dataset, cache, batchSize, progress, ranks } = options;
  const { teacher } = cache;
  const side = sideOf(teacher.preprocessing);
  const shape = { width: teacher.width, batchSize, isCleanPerIdentity: source.clean !== undefined };
  if (ranks) broadcastJson(ranks, shape);
  const table = new FeatureTable(config, dataset, shape);
  const number = (n: number) => n.toLocaleString('en');
  const phase = countingPhase(progress);
  for (const { begin, samples, values } of table.batches()) {
    phase(`the teacher's features: ${number(begin)} of ${number(table.size)}`);
    const images = await Promise.all(
      samples.map(async ({ identity, sample, view }) =>
        applyView(await cleanImage(source, identity, sample), view, side),
      ),
    );
    const features = await cache.features(images);
    values.set((await features.data()) as Float32Array);
    tf.dispose(features);
    ranks?.broadcast(values);
  }
  progress.note(`teacher: ${cache.describe()}`);
  return table;
}
