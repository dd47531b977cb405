import { availableParallelism } from 'node:os';
import { type UsedBackend, useBackend } from '@unitsphere/backends';
import { centersFileIds } from '@unitsphere/partial-fc';
import { toCenterError } from '../centers/center-error.js';
import type { Config } from '../config/config.js';
import { checkResumable, compareData, type DataChanges, describeChanges } from '../dataset/compare-data.js';
import { checkSample, type Dataset, openDataset, reportDataset } from '../dataset/dataset.js';
import { checkSampler, datasetImages } from '../dataset/dataset-images.js';
import { openingHandlers } from '../dataset/opening-handlers.js';
import { openPairFiles } from '../dataset/pair-files.js';
import type { PairSource } from '../dataset/pair-source.js';
import { describeData, type RunData, readRunData, writeRunData } from '../dataset/run-data.js';
import { workerCount } from '../dataset/worker-count.js';
import type { TeacherFeatures } from '../distillation/feature-table.js';
import { teacherFeatures } from '../distillation/teacher-features.js';
import { readMemory } from '../memory.js';
import type { ProgressReporter } from '../progress/progress-reporter.js';
import { checkKernelThreads, describeReplicas, resolveThreads } from '../replicas/kernel-threads.js';
import type { LeadReplica } from '../replicas/lead-replica.js';
import { partOfProcess } from '../replicas/rank-replicas.js';
import { shareConfig } from '../replicas/share-start.js';
import { countReplicas, startReplicas } from '../replicas/start-replicas.js';
import { threadsOf } from '../replicas/threads-of.js';
import { type Checkpoint, readFiles } from '../run/checkpoint.js';
import { latestCheckpoint } from '../run/checkpoints.js';
import type { MetricsFingerprint } from '../run/metrics-log.js';
import { RUN_FILES, type RunDirectory } from '../run/run-directory.js';
import { centersStateOf, OPTIMIZER_FILE } from '../step/checkpoint-files.js';
import { UserError } from '../user-error.js';
import { checkMemory } from './check-memory.js';
import { coresOfRank, machineOfRank } from './follow-training.js';
import { type Growth, openGrowth } from './growth.js';
import { imprintCenters } from './imprint-centers.js';
import { describeRanks, toRankError } from './rank-group.js';
import { runOutput } from './run-output.js';
import { checkSameData } from './same-data.js';
import { readSaved, type Saved } from './saved.js';
import { noteOtherSize, startFrom } from './start-from.js';
import { measureUntrained, trainingLoop } from './training-loop.js';
import type { TrainingOptions, TrainingOutcome } from './types.js';
import { writeResults } from './write-results.js';

/**
 * Trains as configured, and writes metrics, checkpoints, a summary and a report to the run.
 * @throws UserError for problems that the user can fix: unusable data, a full disk, a non-finite loss.
 */
export async function runTraining(options: TrainingOptions): Promise<TrainingOutcome> {
  const { progress, ranks } = options;
  // Refuses a config before the other processes open the data.
  if (ranks) countReplicas(options.config, options.config.backend, ranks);
  const backend = await useBackend(options.config.backend);
  const cores = ranks ? coresOfRank(ranks) : availableParallelism();
  const config = resolveThreads(options.config, backend.name, cores);
  checkKernelThreads(config, backend.name);
  // Each process has its own number of threads.
  if (ranks) shareConfig(ranks, { config: options.config, backend: backend.name });
  progress.phase('reading images');
  const dataset = await openDataset(config, openingHandlers(progress));
  if (ranks) checkSameData(ranks, config, dataset);
  reportDataset(dataset, progress);
  const classCount = dataset.split.train.length * config.data.views;
  checkSample(config, classCount);
  checkSampler(config, dataset);
  const replicas = countReplicas(config, backend.name, ranks);
  checkMemory(config, {
    classes: classCount,
    replicas,
    here: ranks && (replicas / ranks.size) * ranks.localSize,
    backend: backend.name,
  });
  const machine = ranks
    ? machineOfRank(ranks, config, backend.name)
    : {
        cores,
        memory: readMemory().available,
        backend: backend.name,
        replicas: replicas * threadsOf(config),
      };
  const workers = workerCount(config, machine);
  const pairFiles = await openPairFiles(config.evaluation.pairFiles);
  // The features are cached, so they are computed before the run is created: a broken teacher leaves no empty run.
  const teacher = config.distillation ? await teacherFeatures(config, dataset, progress, ranks) : undefined;
  const run = await options.openRun();
  const checkpoint = options.resume ? await findCheckpoint(run, progress) : null;
  const before = checkpoint ? await readRunData(run) : undefined;
  const growth = checkpoint ? undefined : await openGrowth(config, dataset);
  const data = describeData(config, dataset, before?.earlier ?? growth?.seen ?? []);
  const changes = before && compareData(before, data);
  if (changes) {
    checkResumable(run.path, changes);
    for (const line of describeChanges(changes)) progress.note(`warning: ${line}`);
  }
  const centers = {
    folder: run.file(RUN_FILES.centers),
    files: checkpoint ? await readCenterFileIds(checkpoint) : undefined,
  };
  const how = describeReplicas(replicas, threadsOf(config), cores);
  const start = {
    config,
    classCount,
    backend: backend.name,
    file: options.replicaFile,
    centers,
    teacherWidth: teacher?.width,
    ranks,
  };
  try {
    return await startReplicas(start, (lead) => {
      if (ranks) progress.note(`${describeRanks(ranks, replicas)} share every batch`);
      else if (how) progress.note(how);
      if (config.data.workers === 'auto') {
        progress.note(`${workers} data ${workers === 1 ? 'worker prepares' : 'workers prepare'} images`);
      }
      return trainIn(
        run,
        lead,
        { backend, dataset, data, changes, replicas, workers, checkpoint, growth, teacher, pairFiles },
        options,
      );
    });
  } catch (error) {
    throw toRankError(toCenterError(error));
  } finally {
    await growth?.close();
  }
}

/** What {@link runTraining} has opened. */
interface Prepared {
  backend: UsedBackend;
  dataset: Dataset;
  /** The record of the dataset for the run. */
  data: RunData;
  /** How the data differ from those of the resumed checkpoint. */
  changes: DataChanges | undefined;
  replicas: number;
  /** Number of data workers. */
  workers: number;
  /** The checkpoint to resume from. */
  checkpoint: Checkpoint | null;
  /** The run to grow from, unless a checkpoint is resumed. */
  growth: Growth | undefined;
  /** The teacher's features, if the config distills. */
  teacher: TeacherFeatures | undefined;
  /** The verification sets of the config. */
  pairFiles: readonly PairSource[];
}

async function trainIn(
  run: RunDirectory,
  lead: LeadReplica,
  { backend, dataset, data, changes, replicas, workers, checkpoint, growth, teacher, pairFiles }: Prepared,
  { config, progress, signal, resume, ranks, renderReport }: TrainingOptions,
): Promise<TrainingOutcome> {
  if (growth) {
    await grow(lead, growth, config, progress);
    // Releases the lock early: the run has been read completely.
    await growth.close();
  } else if (config.model.pretrained && (!checkpoint || changes?.testChanged)) {
    await startFrom(config.model.pretrained, config, lead, progress);
  }
  if (config.loss.centerInit === 'imprinted' && !checkpoint) {
    const done = await imprintCenters(lead, {
      config,
      dataset,
      kept: growth?.kept,
      progress,
      signal,
      tools: { workers },
    });
    // Nothing is trained yet, and partly imprinted centers cannot be resumed from.
    if (!done) return { run, summary: null, step: 0 };
  }
  const part = ranks && partOfProcess(config, ranks);
  const images = datasetImages(config, dataset, { workers, ...(part && { part }) }, teacher);
  // The network is as before its first step until the checkpoint is restored, unless the run was grown.
  const untrained = changes?.testChanged
    ? config.training.growFrom === undefined
      ? await measureUntrained(lead, images.evaluation('test').main, progress)
      : null
    : undefined;
  const restored = checkpoint && (await restore(checkpoint, lead, progress));
  const saved = restored ? { ...restored, ...(untrained !== undefined && { untrained }) } : undefined;
  // Everything is known to fit: only now is the run changed.
  if (resume) await run.writeConfig(config);
  await writeRunData(run, data);
  const figures = await trainingLoop(lead, {
    config,
    images,
    pairFiles,
    output: runOutput(run, {
      keepCheckpoints: config.training.keepCheckpoints,
      expected: checkpoint?.state.metrics as MetricsFingerprint | undefined,
      note: (text) => progress.note(text),
    }),
    progress,
    signal,
    replicas,
    saved,
    checkpointFirst: growth !== undefined || untrained !== undefined,
  });
  const { step } = lead.state;
  if (!figures) return { run, summary: null, step };
  progress.phase('writing the report');
  try {
    const results = { config, dataset, backend: backend.name, figures };
    const summary = await writeResults(run, results, (text) => progress.note(text), renderReport);
    return { run, summary, step };
  } finally {
    progress.phase(null);
  }
}

async function grow(
  lead: LeadReplica,
  growth: Growth,
  config: Config,
  progress: ProgressReporter,
): Promise<void> {
  const { kept, added, dropped } = growth.classes;
  const number = (n: number) => n.toLocaleString('en');
  const missing = dropped ? `, ${number(dropped)} dropped because the data lacks them` : '';
  progress.note(
    `growing from ${growth.path}: ${number(kept)} classes kept, ${number(added)} added${missing}`,
  );
  noteOtherSize(growth.path, growth.imageSize, config, progress);
  await lead.grow(growth);
}

/** Returns which files hold the class centers of a checkpoint; undefined if it holds them itself. */
async function readCenterFileIds({ readFile }: Checkpoint) {
  return centersFileIds(centersStateOf({ [OPTIMIZER_FILE]: await readFile(OPTIMIZER_FILE) }));
}

/** Returns the newest complete checkpoint of a run; null if it has none yet. */
async function findCheckpoint(run: RunDirectory, progress: ProgressReporter): Promise<Checkpoint | null> {
  const { checkpoint, damaged } = await latestCheckpoint(run);
  for (const { directory, reason } of damaged) progress.note(`skipping ${directory}: ${reason}`);
  if (!checkpoint) {
    if (damaged.length) {
      throw new UserError(`every checkpoint of ${run.path} is damaged`, {
        hint: 'Start a new training: unitsphere train.',
      });
    }
    progress.note('the run has no checkpoint yet; starting at step 0');
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
  return readSaved(checkpoint.state);
}
