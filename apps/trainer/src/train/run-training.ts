import { type UsedBackend, useBackend } from '@unitsphere/backends';
import { BatchLoader } from '@unitsphere/data';
import { Embedder } from '../evaluate/embed.js';
import { type EvaluationImages, evaluationImages } from '../evaluate/evaluation-images.js';
import { type ModelVerification, verifyModel } from '../evaluate/verify-model.js';
import type { ProgressReporter } from '../progress/progress-reporter.js';
import { fprKey, summarizeVerification } from '../report/index.js';
import { latestCheckpoint, writeCheckpoint } from '../run/checkpoints.js';
import type { MetricsLog } from '../run/metrics-log.js';
import type { RunDirectory } from '../run/run-directory.js';
import { UserError } from '../user-error.js';
import { checkpointFiles, restoreState } from './checkpoint-files.js';
import { type Dataset, openDataset } from './dataset.js';
import { loadPretrained } from './load-pretrained.js';
import { writeSeenIdentities } from './seen-identities.js';
import { TrainingState } from './training-state.js';
import { createTrainingStep } from './training-step.js';
import type { TrainingOptions, TrainingOutcome } from './types.js';
import { type UntrainedFigures, writeResults } from './write-results.js';

/** What a checkpoint holds beside the tensors. */
interface Saved {
  untrained: UntrainedFigures;
  /** Wall-clock seconds of training so far, and those of them spent in steps. */
  seconds: number;
  stepSeconds: number;
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
  return trainIn(await options.openRun(), backend, dataset, options);
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

async function trainIn(
  run: RunDirectory,
  backend: UsedBackend,
  dataset: Dataset,
  { config, resume, progress, signal }: TrainingOptions,
): Promise<TrainingOutcome> {
  const { source, split, spec } = dataset;
  const { training } = config;
  const size = { size: config.data.imageSize, seed: config.seed };
  const state = new TrainingState(config, split.train.length * config.data.views);
  const embedder = new Embedder(state.model, state.preprocessing, training.batchSize);
  const verify = (images: EvaluationImages) =>
    state.withEvaluatedWeights(() => verifyModel(embedder, images));
  let loader: BatchLoader | undefined;
  let metrics: MetricsLog | undefined;
  try {
    await writeSeenIdentities(run, config, dataset);
    if (config.model.pretrained) await loadPretrained(state.model.backbone, config.model.pretrained);
    progress.phase('preparing the held-out images');
    const validationImages = await evaluationImages(source, split.validation, size);
    const testImages = await evaluationImages(source, split.test, size);
    const saved = resume ? await restoreLatest(run, state, progress) : undefined;
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
      augment: config.data.augment,
      workers: config.data.workers,
      fromStep: state.step,
    });
    const log = await run.openMetrics({ throughStep: state.step });
    metrics = log;
    progress.phase(null);

    const step = createTrainingStep(config, state);
    const startedAt = performance.now() - 1000 * (saved?.seconds ?? 0);
    let stepSeconds = saved?.stepSeconds ?? 0;
    const checkpoint = async () => {
      // First, so that after a power cut the metrics are no older than the checkpoint.
      await log.sync();
      const seconds = (performance.now() - startedAt) / 1000;
      const { preprocessing } = state;
      const rest: Saved = { untrained, seconds, stepSeconds, preprocessing, backbone: config.model.backbone };
      const files = await checkpointFiles(state);
      await writeCheckpoint(run, state.step, files, { ...rest }, { keep: training.keepCheckpoints });
    };
    const due = (every: number | null) => every !== null && state.step % every === 0;

    while (state.step < training.steps && !signal?.aborted) {
      const begun = performance.now();
      const batch = await loader.next();
      const result = await step(batch);
      const milliseconds = performance.now() - begun;
      stepSeconds += milliseconds / 1000;
      progress.step({
        step: state.step,
        epoch: batch.epoch,
        loss: result.loss,
        learningRate: result.lr,
        images: training.batchSize,
        times: { data: batch.waitedMs, compute: milliseconds - batch.waitedMs },
      });
      if (due(training.logEvery) || state.step === training.steps) {
        const imagesPerSecond = (1000 * training.batchSize) / milliseconds;
        const { lr, loss, gradientNorm, margin, scale } = result;
        await log.append({
          step: state.step,
          epoch: batch.epoch,
          loss,
          lr,
          margin,
          scale,
          gradientNorm,
          imagesPerSecond,
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
      seconds: (performance.now() - startedAt) / 1000,
      stepSeconds,
      parameters: state.model.parameterCount(),
    });
    return { run, summary, step: state.step };
  } finally {
    progress.phase(null);
    await loader?.close();
    await metrics?.close();
    state.dispose();
  }
}

async function restoreLatest(
  run: RunDirectory,
  state: TrainingState,
  progress: ProgressReporter,
): Promise<Saved | undefined> {
  const { checkpoint, damaged } = await latestCheckpoint(run);
  for (const { directory, reason } of damaged) progress.note(`passed over ${directory}: ${reason}`);
  if (!checkpoint) {
    if (damaged.length) {
      throw new UserError(`no checkpoint of ${run.path} is whole`, { hint: 'Train anew: unitsphere train.' });
    }
    progress.note('the run has no checkpoint yet; beginning at its first step');
    return undefined;
  }
  const files = Object.fromEntries(
    await Promise.all(checkpoint.files.map(async (name) => [name, await checkpoint.readFile(name)] as const)),
  );
  restoreState(state, files);
  state.step = checkpoint.step;
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
