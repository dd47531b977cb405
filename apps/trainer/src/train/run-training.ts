import { type UsedBackend, useBackend } from '@unitsphere/backends';
import { centerError } from '../centers/center-error.js';
import { checkFileRanks } from '../centers/head-state.js';
import { checkSample, type Dataset, openDataset, reportDataset } from '../dataset/dataset.js';
import { datasetImages } from '../dataset/dataset-images.js';
import { readSeenFile, writeSeenIdentities } from '../dataset/seen-identities.js';
import { type TeacherFeatures, teacherFeatures } from '../distillation/teacher-features.js';
import type { ProgressReporter } from '../progress/progress-reporter.js';
import type { LeadReplica } from '../replicas/lead-replica.js';
import { replicasOf, startReplicas } from '../replicas/start-replicas.js';
import { type Checkpoint, readFiles } from '../run/checkpoint.js';
import { latestCheckpoint } from '../run/checkpoints.js';
import { RUN_FILES, type RunDirectory } from '../run/run-directory.js';
import { UserError } from '../user-error.js';
import { type Growth, openGrowth } from './growth.js';
import { imprintCenters } from './imprint-centers.js';
import { runOutput } from './run-output.js';
import { type Saved, trainingLoop } from './training-loop.js';
import type { TrainingOptions, TrainingOutcome } from './types.js';
import { writeResults } from './write-results.js';

/**
 * Trains as a config says and leaves in the run: metrics, checkpoints, summary and report.
 * @throws UserError for what the person can mend: unusable data, a full disk, a loss that is not finite.
 */
export async function runTraining(options: TrainingOptions): Promise<TrainingOutcome> {
  const { config, progress } = options;
  const backend = await useBackend(config.backend);
  progress.phase('reading images');
  const dataset = await openDataset(config, { warn: (message) => progress.note(message) });
  reportDataset(dataset, progress);
  const classCount = dataset.split.train.length * config.data.views;
  checkSample(config, classCount);
  const replicas = replicasOf(config, backend.name);
  // Before there is a run: they are kept, and a teacher that cannot be used leaves nothing behind.
  const teacher = config.distillation ? await teacherFeatures(config, dataset, progress) : undefined;
  const run = await options.openRun();
  const checkpoint = options.resume ? await findCheckpoint(run, progress) : null;
  const inFiles = config.loss.partialFc.store === 'file';
  if (checkpoint && inFiles) checkFileRanks(checkpoint.state.replicas as number, replicas);
  const growth = checkpoint ? undefined : await openGrowth(config, dataset);
  const centers = { folder: run.file(RUN_FILES.centers), overwrite: !checkpoint };
  const means = { centers, teacherWidth: teacher?.width };
  const start = { config, classCount, backend: backend.name, file: options.replicaFile, ...means };
  try {
    return await startReplicas(start, (lead) => {
      if (replicas > 1) progress.note(`${replicas} replicas, each with its part of every batch`);
      return trainIn(run, lead, { backend, dataset, replicas, checkpoint, growth, teacher }, options);
    });
  } catch (error) {
    throw centerError(error);
  } finally {
    await growth?.close();
  }
}

/** What was found and opened for a training. */
interface Prepared {
  backend: UsedBackend;
  dataset: Dataset;
  replicas: number;
  /** What it goes on from. */
  checkpoint: Checkpoint | null;
  /** What it begins with, where it does not go on. */
  growth: Growth | undefined;
  /** What a teacher says of the images, where there is one. */
  teacher: TeacherFeatures | undefined;
}

async function trainIn(
  run: RunDirectory,
  lead: LeadReplica,
  { backend, dataset, replicas, checkpoint, growth, teacher }: Prepared,
  { config, progress, signal }: TrainingOptions,
): Promise<TrainingOutcome> {
  const earlier = checkpoint ? (await readSeenFile(run)).earlier : (growth?.seen ?? []);
  await writeSeenIdentities(run, config, dataset, earlier);
  if (growth) {
    await grow(lead, growth, config.training.growFrom!, progress);
    // All of it is read: others may grow from it too, or go on with it.
    await growth.close();
  } else if (config.model.pretrained && !checkpoint) {
    const warning = await lead.loadPretrained();
    if (warning) progress.note(warning);
  }
  if (config.loss.centerInit === 'imprinted' && !checkpoint) {
    const done = await imprintCenters(lead, { config, dataset, kept: growth?.kept, progress, signal });
    // Nothing is trained yet, and half of the centers are no place to go on from.
    if (!done) return { run, summary: null, step: 0 };
  }
  const saved = checkpoint ? await restore(checkpoint, lead, progress) : undefined;
  const figures = await trainingLoop(lead, {
    config,
    images: datasetImages(config, dataset, {}, teacher),
    output: runOutput(run, config.training.keepCheckpoints),
    progress,
    signal,
    replicas,
    saved,
    checkpointFirst: growth !== undefined,
  });
  const { step } = lead.state;
  if (!figures) return { run, summary: null, step };
  progress.phase('writing the report');
  try {
    const results = { config, dataset, backend: backend.name, figures };
    const summary = await writeResults(run, results, (text) => progress.note(text));
    return { run, summary, step };
  } finally {
    progress.phase(null);
  }
}

async function grow(
  lead: LeadReplica,
  growth: Growth,
  from: string,
  progress: ProgressReporter,
): Promise<void> {
  const { kept, added, dropped } = growth.classes;
  const number = (n: number) => n.toLocaleString('en');
  const gone = dropped ? `; ${number(dropped)} are not in this data and are left out` : '';
  progress.note(`growing from ${from}: ${number(kept)} of its classes, ${number(added)} new ones${gone}`);
  await lead.grow(growth);
}

/** The newest whole checkpoint of a run to go on with; null where it has none yet. */
async function findCheckpoint(run: RunDirectory, progress: ProgressReporter): Promise<Checkpoint | null> {
  const { checkpoint, damaged } = await latestCheckpoint(run);
  for (const { directory, reason } of damaged) progress.note(`passed over ${directory}: ${reason}`);
  if (!checkpoint) {
    if (damaged.length) {
      throw new UserError(`no checkpoint of ${run.path} is whole`, { hint: 'Train anew: unitsphere train.' });
    }
    progress.note('the run has no checkpoint yet; beginning at its first step');
  }
  return checkpoint;
}

async function restore(
  checkpoint: Checkpoint,
  lead: LeadReplica,
  progress: ProgressReporter,
): Promise<Saved> {
  await lead.restore(checkpoint.step, await readFiles(checkpoint));
  progress.note(`resuming at step ${checkpoint.step}`);
  return checkpoint.state as unknown as Saved;
}
