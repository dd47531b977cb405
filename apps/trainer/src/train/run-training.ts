import { type UsedBackend, useBackend } from '@unitsphere/backends';
import { BatchLoader } from '@unitsphere/data';
import { type EvaluationImages, evaluationImages } from '../evaluate/evaluation-images.js';
import { type ModelVerification, verifyModel } from '../evaluate/verify-model.js';
import type { ProgressReporter } from '../progress/progress-reporter.js';
import type { LeadReplica } from '../replicas/lead-replica.js';
import { replicasOf, startReplicas } from '../replicas/start-replicas.js';
import { fprKey, summarizeVerification } from '../report/index.js';
import { type Checkpoint, readFiles } from '../run/checkpoint.js';
import { latestCheckpoint, writeCheckpoint } from '../run/checkpoints.js';
import type { MetricsLog } from '../run/metrics-log.js';
import { RUN_FILES, type RunDirectory } from '../run/run-directory.js';
import { UserError } from '../user-error.js';
import { centerError } from './center-error.js';
import { type Dataset, openDataset } from './dataset.js';
import { type Growth, openGrowth } from './growth.js';
import { checkFileRanks } from './head-state.js';
import { readSeenFile, writeSeenIdentities } from './seen-identities.js';
import type { TrainingState } from './training-state.js';
import type { TrainingOptions, TrainingOutcome } from './types.js';
import { type UntrainedFigures, writeResults } from './write-results.js';

/** What a checkpoint holds beside the tensors. */
interface Saved {
  untrained: UntrainedFigures;
  /** Wall-clock seconds of training so far, and those of them spent in steps. */
  seconds: number;
  stepSeconds: number;
  /** Those of a step that the class centres took. */
  lossSeconds: number;
  replicas: number;
  preprocessing: TrainingState['preprocessing'];
  backbone: string;
}

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
  const run = await options.openRun();
  const checkpoint = options.resume ? await findCheckpoint(run, progress) : null;
  const inFiles = config.loss.partialFc.store === 'file';
  if (checkpoint && inFiles) checkFileRanks(checkpoint.state.replicas as number, replicas);
  const growth = checkpoint ? undefined : await openGrowth(config, dataset);
  const centers = { folder: run.file(RUN_FILES.centers), overwrite: !checkpoint };
  const start = { config, classCount, backend: backend.name, file: options.replicaFile, centers };
  try {
    return await startReplicas(start, (lead) => {
      if (replicas > 1) progress.note(`${replicas} replicas, each with its part of every batch`);
      return trainIn(run, lead, { backend, dataset, replicas, checkpoint, growth }, options);
    });
  } catch (error) {
    throw centerError(error);
  } finally {
    await growth?.close();
  }
}

function checkSample({ loss: { partialFc } }: TrainingOptions['config'], classes: number): void {
  const { sampledClasses = 0 } = partialFc;
  if (sampledClasses <= classes) return;
  throw new UserError(
    `loss.partialFc.sampledClasses is ${sampledClasses}, but there are ${classes} classes to sample from`,
    { hint: 'Give fewer, or leave it out for the full softmax (--set loss.partialFc.sampledClasses=).' },
  );
}

function reportDataset({ skipped, split, source }: Dataset, progress: ProgressReporter): void {
  if (skipped.length) {
    const shown = skipped.slice(0, 5).map(({ file, reason }) => `  ${file}: ${reason}`);
    if (skipped.length > 5) shown.push(`  … and ${skipped.length - 5} more`);
    progress.note(`${skipped.length} image(s) could not be read and are left out:\n${shown.join('\n')}`);
  }
  progress.note(
    `${source.identities.length} identities: ${split.train.length} to train on, ${split.validation.length} for validation, ${split.test.length} held out`,
  );
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
}

async function trainIn(
  run: RunDirectory,
  lead: LeadReplica,
  { backend, dataset, replicas, checkpoint: begin, growth }: Prepared,
  { config, progress, signal }: TrainingOptions,
): Promise<TrainingOutcome> {
  const { source, split, spec } = dataset;
  const { training } = config;
  const size = { size: config.data.imageSize, seed: config.seed };
  const { state } = lead;
  const verify = (images: EvaluationImages) => verifyModel(lead, images);
  let loader: BatchLoader | undefined;
  let metrics: MetricsLog | undefined;
  try {
    const earlier = begin ? (await readSeenFile(run)).earlier : (growth?.seen ?? []);
    await writeSeenIdentities(run, config, dataset, earlier);
    if (growth) await grow(lead, growth, config.training.growFrom!, progress);
    else if (config.model.pretrained && !begin) await lead.loadPretrained();
    progress.phase('preparing the held-out images');
    const validationImages = await evaluationImages(source, split.validation, size);
    const testImages = await evaluationImages(source, split.test, size);
    const saved = begin ? await restore(begin, lead, progress) : undefined;
    let untrained = saved?.untrained;
    if (!untrained) {
      progress.phase('measuring the untrained network');
      untrained = figures(await verify(testImages));
    }
    progress.phase('starting the data workers');
    loader = await BatchLoader.create({
      source: spec,
      identities: split.train,
      views: config.data.views,
      size: config.data.imageSize,
      batchSize: training.batchSize,
      seed: config.seed,
      uprightSteps: config.data.uprightSteps,
      imagesPerClass: config.data.imagesPerClass,
      augment: config.data.augment,
      workers: config.data.workers,
      fromStep: state.step,
    });
    const log = await run.openMetrics({ throughStep: state.step });
    metrics = log;
    progress.phase(null);

    const startedAt = performance.now() - 1000 * (saved?.seconds ?? 0);
    let stepSeconds = saved?.stepSeconds ?? 0;
    let lossSeconds = saved?.lossSeconds ?? 0;
    const readsAhead = config.loss.partialFc.store === 'file';
    const checkpoint = async () => {
      // First, so that after a power cut the metrics are no older than the checkpoint.
      await log.sync();
      const seconds = (performance.now() - startedAt) / 1000;
      const { preprocessing } = state;
      const { backbone } = config.model;
      const rest: Saved = {
        untrained,
        seconds,
        stepSeconds,
        lossSeconds,
        replicas,
        preprocessing,
        backbone,
      };
      const files = await lead.checkpointFiles();
      await writeCheckpoint(run, state.step, files, { ...rest }, { keep: training.keepCheckpoints });
      await lead.checkpointWritten();
    };
    // What was grown is not to be had from the config and the seed again.
    if (growth) await checkpoint();
    const due = (every: number | null) => every !== null && state.step % every === 0;

    while (state.step < training.steps && !signal?.aborted) {
      const begun = performance.now();
      const batch = await loader.next();
      const result = await lead.train(batch, readsAhead ? loader.labelsAt(batch.step + 1) : undefined);
      const milliseconds = performance.now() - begun;
      stepSeconds += milliseconds / 1000;
      lossSeconds += result.lossMilliseconds / 1000;
      progress.step({
        step: state.step,
        epoch: batch.epoch,
        loss: result.loss,
        learningRate: result.lr,
        images: training.batchSize,
        replicas,
        times: { data: batch.waitedMs, compute: milliseconds - batch.waitedMs },
      });
      if (due(training.logEvery) || state.step === training.steps) {
        const imagesPerSecond = (1000 * training.batchSize) / milliseconds;
        const { lr, loss, gradientNorm, margin, scale, lossMilliseconds } = result;
        await log.append({
          step: state.step,
          epoch: batch.epoch,
          loss,
          lr,
          margin,
          scale,
          gradientNorm,
          imagesPerSecond,
          lossMilliseconds,
        });
      }
      const points: ['validation' | 'test', number | null, EvaluationImages][] = [
        ['validation', training.validateEvery, validationImages],
        ['test', training.testEvery, testImages],
      ];
      for (const [name, every, images] of points) {
        if (!due(every) || !images.length) continue;
        progress.phase(`verifying the ${name} identities`);
        const point = pointOf(await verify(images));
        await log.append({ step: state.step, imagesSeen: state.step * training.batchSize, [name]: point });
        progress.note(pointLine(name, state.step, point));
        progress.phase(null);
      }
      if (due(training.checkpointEvery) && state.step < training.steps) await checkpoint();
      // Other work of the process (signals, worker messages) gets its turn between steps.
      await new Promise((resolve) => setImmediate(resolve));
    }
    progress.phase('writing a checkpoint');
    await checkpoint();
    if (state.step < training.steps) return { run, summary: null, step: state.step };

    progress.phase('measuring the held-out identities');
    const heldOut = await verify(testImages);
    progress.phase('writing the report');
    const summary = await writeResults(run, {
      config,
      dataset,
      testImages,
      heldOut,
      untrained,
      backend: backend.name,
      replicas,
      seconds: (performance.now() - startedAt) / 1000,
      stepSeconds,
      lossSeconds,
      parameters: state.model.parameterCount(),
    });
    return { run, summary, step: state.step };
  } finally {
    progress.phase(null);
    await loader?.close();
    await metrics?.close();
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

function figures(result: ModelVerification): UntrainedFigures {
  const { summary, roc } = summarizeVerification(result.verification);
  return { summary, roc, rank1: result.rank1 };
}

function pointOf({ verification, rank1 }: ModelVerification) {
  const tprAtFpr = Object.fromEntries(verification.tprAtFpr.map(({ fpr, tpr }) => [fprKey(fpr), tpr]));
  return { tprAtFpr, auroc: verification.auroc, rank1 };
}

function pointLine(
  name: string,
  step: number,
  { tprAtFpr, auroc, rank1 }: ReturnType<typeof pointOf>,
): string {
  const rates = Object.entries(tprAtFpr).map(([fpr, tpr]) => `${tpr.toFixed(3)} at ${fpr}`);
  return `step ${step}, ${name}: TPR ${rates.join(', ')}; AUROC ${auroc.toFixed(4)}; rank-1 ${rank1.toFixed(3)}`;
}
