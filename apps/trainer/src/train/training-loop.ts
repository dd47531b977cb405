import { MAKING_CAUSES } from '@unitsphere/data';
import type { Config } from '../config/config.js';
import type { BatchSource, TrainingBatch, TrainingImages } from '../dataset/batches.js';
import { describeImages, type EvaluationImages } from '../dataset/evaluation-images.js';
import type { PairSource } from '../dataset/pair-source.js';
import { identityIntervals } from '../evaluate/identity-intervals.js';
import { type ModelVerification, verifyModel } from '../evaluate/verify-model.js';
import { describePairs, verifyPairs } from '../evaluate/verify-pairs.js';
import { modelCost } from '../model/model-cost.js';
import { nextTurn } from '../next-turn.js';
import type { ProgressReporter } from '../progress/progress-reporter.js';
import type { LeadReplica } from '../replicas/lead-replica.js';
import {
  type EarlyStoppingSummary,
  type IdentityIntervals,
  type PairFileSummary,
  type PrecisionSummary,
  summarizeVerification,
} from '../report/index.js';
import type { MetricsRecord } from '../run/metrics-record.js';
import type { CheckpointFiles } from '../step/checkpoint-files.js';
import { UserError } from '../user-error.js';
import { checkMetric, EarlyStopping } from './early-stopping.js';
import { precisionLine, precisionSummary } from './precision.js';
import type { Saved, UntrainedFigures } from './saved.js';

/** Receives a training's results: a run's folder, or a page. */
export interface TrainingOutput {
  /** Called before the first step of this training. */
  open(stepsDone: number): Promise<void>;
  metrics(record: MetricsRecord): Promise<void>;
  /**
   * Stores everything needed to resume. Resolves once it is durable, together with the metrics so far.
   * @param best The figure by which it is the best so far, with `training.earlyStopping`; it must then be kept.
   */
  checkpoint(
    step: number,
    files: CheckpointFiles,
    saved: Saved,
    best?: Readonly<Record<string, number>>,
  ): Promise<void>;
  /** Returns the files of the best checkpoint; undefined if there is none. */
  readBest(): Promise<CheckpointFiles | undefined>;
  close(): Promise<void>;
}

/** Options of {@link trainingLoop}. */
export interface TrainingLoopOptions {
  config: Config;
  images: TrainingImages;
  /** The verification sets of `evaluation.pairFiles`. */
  pairFiles?: readonly PairSource[];
  output: TrainingOutput;
  progress: ProgressReporter;
  /** Aborting it ends the training after the current step, with a checkpoint. */
  signal?: AbortSignal;
  replicas: number;
  /** The contents of the checkpoint that the replicas resumed from. */
  saved?: Saved;
  /** Write a checkpoint before the first step, because nothing else reproduces what has changed since the last one. */
  checkpointFirst?: boolean;
  /** Write a checkpoint after a step when the last one is this many seconds old, in addition to `training.checkpointEvery`. */
  checkpointSeconds?: number;
}

/** The figures of a finished training. */
export interface TrainingFigures {
  testImages: EvaluationImages;
  /** Undefined without held-out identities. */
  heldOut: ModelVerification | undefined;
  /** Intervals of `heldOut` over identities; undefined without held-out identities, and if there are too many pairs. */
  intervals: IdentityIntervals | undefined;
  /** The verification on augmented copies for identities with one image, if `heldOut` has real pairs. */
  copies: ModelVerification | undefined;
  untrained: UntrainedFigures | null;
  /** Figures on verification sets, by name; empty without sets. */
  pairFiles: Record<string, PairFileSummary>;
  replicas: number;
  seconds: number;
  stepSeconds: number;
  lossSeconds: number;
  parameters: number;
  /** Multiply-accumulate operations to embed one image. */
  multiplyAdds: number;
  /** Bytes of the shipped weights. */
  modelBytes: number;
  precision: PrecisionSummary;
  /** Steps done. */
  steps: number;
  /** Present with `training.earlyStopping`; `heldOut` is then of the best step. */
  earlyStopping?: EarlyStoppingSummary;
}

/**
 * Trains the replicas to the config's last step. Node and browsers share this loop; they differ in `images` and `output`.
 * @returns Null if it was interrupted; a checkpoint of that step has then been written.
 * @throws UserError for a non-finite loss; whatever the images and the output throw.
 */
export async function trainingLoop(
  lead: LeadReplica,
  options: TrainingLoopOptions,
): Promise<TrainingFigures | null> {
  const { config, images, output, progress, signal, replicas, saved } = options;
  const { training } = config;
  const { state } = lead;
  const verify = (images: EvaluationImages) => verifyModel(lead, images);
  const verifyPairFiles = () => verifySets(lead, options);
  let batches: BatchSource | undefined;
  let opened = false;
  try {
    progress.phase('preparing the held-out images');
    const { main: validationImages } = images.evaluation('validation');
    const { main: testImages, copies: testCopies } = images.evaluation('test');
    const isMeasured = testImages.images.length > 0;
    progress.note(
      isMeasured
        ? `held out: ${describeImages(testImages)}`
        : 'held out: no identities (data.split.test is 0)',
    );
    if (training.earlyStopping) {
      checkMetric(
        training.earlyStopping,
        validationImages.images.map(({ label }) => label),
      );
    }
    const measured = isMeasured && !saved ? await measureUntrained(lead, testImages, progress) : null;
    const untrained = saved ? saved.untrained : measured;
    progress.phase('starting the data workers');
    batches = await images.batches(state.step);
    await output.open(state.step);
    opened = true;
    const precision = precisionSummary(config);
    if (precision.matmul !== 'highest' || precision.activations !== 'float32') {
      progress.note(`products of ${precisionLine(precision)}`);
      await output.metrics({ step: state.step, precision });
    }
    progress.phase(null);

    const startedAt = performance.now() - 1000 * (saved?.seconds ?? 0);
    const seconds = () => (performance.now() - startedAt) / 1000;
    let stepSeconds = saved?.stepSeconds ?? 0;
    let lossSeconds = saved?.lossSeconds ?? 0;
    const readsAhead = config.loss.partialFc.store === 'file';
    const stopping = training.earlyStopping
      ? new EarlyStopping(training.earlyStopping, saved?.earlyStopping)
      : undefined;
    // The step of the newest checkpoint.
    let written = saved && state.step;
    let writtenAt = performance.now();
    const isOld = () => performance.now() - writtenAt >= 1000 * (options.checkpointSeconds ?? Infinity);
    const checkpoint = async (best?: Record<string, number>) => {
      const times = { seconds: seconds(), stepSeconds, lossSeconds };
      const { preprocessing } = state;
      const rest = {
        untrained,
        ...times,
        replicas,
        preprocessing,
        backbone: config.model.backbone,
        ...(stopping && { earlyStopping: stopping.state }),
      };
      await output.checkpoint(state.step, await lead.checkpointFiles(), rest, best);
      await lead.checkpointWritten();
      written = state.step;
      writtenAt = performance.now();
    };
    if (options.checkpointFirst) await checkpoint();
    const due = (every: number | null) => every !== null && state.step % every === 0;

    while (state.step < training.steps && !stopping?.isDone && !signal?.aborted) {
      const begun = performance.now();
      const batch = await batches.next();
      const result = await lead.train(batch, readsAhead ? batches.labelsAt(batch.step + 1) : undefined);
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
        times: timesOf(batch, milliseconds, result.lossMilliseconds),
      });
      if (due(training.logEvery) || state.step === training.steps) {
        const imagesPerSecond = (1000 * training.batchSize) / milliseconds;
        const { lr, loss, gradientNorm, margin, scale, lossMilliseconds } = result;
        await output.metrics({
          step: state.step,
          epoch: batch.epoch,
          loss,
          lr,
          margin,
          scale,
          gradientNorm,
          imagesPerSecond,
          lossMilliseconds,
          ...result.parts,
          ...result.distillation,
        });
      }
      const points: ['validation' | 'test', number | null, EvaluationImages][] = [
        ['validation', training.validateEvery, validationImages],
        ['test', training.testEvery, testImages],
      ];
      let best: Record<string, number> | undefined;
      for (const [name, every, images] of points) {
        if (!due(every) || images.images.length === 0) continue;
        progress.phase(`verifying the ${name} identities`);
        const point = pointOf(await verify(images));
        await output.metrics({
          step: state.step,
          imagesSeen: state.step * training.batchSize,
          [name]: point,
        });
        progress.note(pointLine(name, state.step, point));
        progress.phase(null);
        if (name === 'validation' && stopping?.observe(state.step, point)) {
          best = { [training.earlyStopping?.metric ?? '']: stopping.state.best ?? 0 };
        }
      }
      if (due(training.validateEvery) && options.pairFiles?.length) {
        const pairFiles = await verifyPairFiles();
        await output.metrics({ step: state.step, imagesSeen: state.step * training.batchSize, pairFiles });
        for (const [name, set] of Object.entries(pairFiles)) {
          progress.note(`step ${state.step}, ${name}: ${describePairs(set)}`);
        }
      }
      const isDue = due(training.checkpointEvery) || isOld();
      if (best || (isDue && state.step < training.steps)) await checkpoint(best);
      // Signals, workers' messages and a page's events are handled between steps.
      await nextTurn();
    }
    if (state.step !== written) {
      progress.phase('writing a checkpoint');
      await checkpoint();
    }
    if (state.step < training.steps && !stopping?.isDone) return null;
    const earlyStopping = stopping && (await useBest(lead, stopping, { config, output, progress }));

    progress.phase('measuring the held-out identities');
    const heldOut = isMeasured ? await verify(testImages) : undefined;
    const copies = testCopies && (await verify(testCopies));
    const intervals = heldOut && identityIntervals(heldOut, testImages, progress);
    const pairFiles = await verifyPairFiles();
    const parameters = state.model.parameterCount();
    const { multiplyAdds, modelBytes } = await modelCost(state.model, config.data.imageSize);
    return {
      testImages,
      heldOut,
      intervals,
      copies,
      untrained,
      pairFiles,
      replicas,
      seconds: seconds(),
      stepSeconds,
      lossSeconds,
      parameters,
      multiplyAdds,
      modelBytes,
      precision,
      steps: state.step,
      ...(earlyStopping && { earlyStopping }),
    };
  } finally {
    progress.phase(null);
    await batches?.close();
    if (opened) await output.close();
  }
}

/** Divides a step's time by what it waited for. */
function timesOf(
  { waitedMs, times }: TrainingBatch,
  milliseconds: number,
  lossMilliseconds: number,
): Record<string, number> {
  const total = MAKING_CAUSES.reduce((sum, cause) => sum + times[cause], 0);
  // The step waits for a part of the batch's making, in which each cause has its share.
  const waits = MAKING_CAUSES.map((cause) => [cause, total > 0 ? (waitedMs * times[cause]) / total : 0]);
  return {
    ...Object.fromEntries(waits),
    centers: lossMilliseconds,
    compute: milliseconds - waitedMs - lossMilliseconds,
    // A batch that took no time to make.
    ...(total === 0 && waitedMs > 0 && { data: waitedMs }),
  };
}

/** Replaces the weights by those of the best step, and says why the training ended. */
async function useBest(
  lead: LeadReplica,
  stopping: EarlyStopping,
  { config, output, progress }: Pick<TrainingLoopOptions, 'config' | 'output' | 'progress'>,
): Promise<EarlyStoppingSummary | undefined> {
  const { step } = lead.state;
  const { best, bestStep } = stopping.state;
  // No verification was due.
  if (best === null || bestStep === null) return undefined;
  progress.note(stopping.describe(step));
  const { metric = 'auroc' } = config.training.earlyStopping ?? {};
  const summary = { metric, best, bestStep, stopped: stopping.isDone };
  if (bestStep === step) return summary;
  const weights = await output.readBest();
  if (!weights) {
    throw new UserError(`the checkpoint of step ${bestStep}, which is the best, is missing or damaged`, {
      hint: 'Restore its folder from a backup, or resume without early stopping: --set training.earlyStopping=null',
    });
  }
  await lead.useWeights(weights);
  return summary;
}

/** Verifies a network on the verification sets. */
async function verifySets(
  lead: LeadReplica,
  { config, pairFiles = [], progress }: TrainingLoopOptions,
): Promise<Record<string, PairFileSummary>> {
  const sets: Record<string, PairFileSummary> = {};
  for (const { name, read } of pairFiles) {
    sets[name] = await verifyPairs(lead, await read(), {
      name,
      imageSize: config.data.imageSize,
      onProgress: (done, total) => progress.phase(`verifying ${name}: ${done} of ${total} images`),
    });
  }
  progress.phase(null);
  return sets;
}

/** Verifies a network before its first step. */
export async function measureUntrained(
  lead: LeadReplica,
  images: EvaluationImages,
  progress: ProgressReporter,
): Promise<UntrainedFigures> {
  progress.phase('measuring the network before training');
  const result = await verifyModel(lead, images);
  const { summary, roc } = summarizeVerification(result.verification, result.protocol);
  return { summary, roc, rank1: result.rank1 };
}

function pointOf({ verification, rank1 }: ModelVerification) {
  const { tprAtFpr } = summarizeVerification(verification).summary;
  return { tprAtFpr, auroc: verification.auroc, rank1 };
}

function pointLine(
  name: string,
  step: number,
  { tprAtFpr, auroc, rank1 }: ReturnType<typeof pointOf>,
): string {
  const rates = Object.entries(tprAtFpr).flatMap(([fpr, tpr]) =>
    tpr === null ? [] : `${tpr.toFixed(3)} at ${fpr}`,
  );
  return `step ${step}, ${name}: ${rates.length ? `TPR ${rates.join(', ')}; ` : ''}AUROC ${auroc.toFixed(4)}; rank-1 ${rank1.toFixed(3)}`;
}
