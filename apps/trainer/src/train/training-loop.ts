import type { Config } from '../config/config.js';
import type { BatchSource, TrainingImages } from '../dataset/batches.js';
import { describeImages, type EvaluationImages } from '../dataset/evaluation-images.js';
import { identityIntervals } from '../evaluate/identity-intervals.js';
import { type ModelVerification, verifyModel } from '../evaluate/verify-model.js';
import { modelCost } from '../model/model-cost.js';
import type { ProgressReporter } from '../progress/progress-reporter.js';
import type { LeadReplica } from '../replicas/lead-replica.js';
import { type IdentityIntervals, type PrecisionSummary, summarizeVerification } from '../report/index.js';
import type { MetricsRecord } from '../run/metrics-record.js';
import type { CheckpointFiles } from '../step/checkpoint-files.js';
import { nextTurn } from './next-turn.js';
import { precisionLine, precisionSummary } from './precision.js';
import type { Saved, UntrainedFigures } from './saved.js';

/** Receives a training's results: a run's folder, or a page. */
export interface TrainingOutput {
  /** Called before the first step of this training. */
  open(stepsDone: number): Promise<void>;
  metrics(record: MetricsRecord): Promise<void>;
  /** Stores everything needed to resume. Resolves once it is durable, together with the metrics so far. */
  checkpoint(step: number, files: CheckpointFiles, saved: Saved): Promise<void>;
  close(): Promise<void>;
}

/** Options of {@link trainingLoop}. */
export interface TrainingLoopOptions {
  config: Config;
  images: TrainingImages;
  output: TrainingOutput;
  progress: ProgressReporter;
  /** Aborting it ends the training after the current step, with a checkpoint. */
  signal?: AbortSignal;
  replicas: number;
  /** The contents of the checkpoint that the replicas resumed from. */
  saved?: Saved;
  /** Write a checkpoint before the first step, because nothing else reproduces what has changed since the last one. */
  checkpointFirst?: boolean;
}

/** The figures of a finished training. */
export interface TrainingFigures {
  testImages: EvaluationImages;
  heldOut: ModelVerification;
  /** Intervals of `heldOut` over identities; undefined if there are too many pairs. */
  intervals: IdentityIntervals | undefined;
  /** The verification on augmented copies for identities with one image, if `heldOut` has real pairs. */
  copies: ModelVerification | undefined;
  untrained: UntrainedFigures | null;
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
  let batches: BatchSource | undefined;
  let opened = false;
  try {
    progress.phase('preparing the held-out images');
    const { main: validationImages } = await images.evaluation('validation');
    const { main: testImages, copies: testCopies } = await images.evaluation('test');
    progress.note(`held out: ${describeImages(testImages)}`);
    const untrained = saved ? saved.untrained : await measureUntrained(lead, testImages, progress);
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
    const checkpoint = async () => {
      const times = { seconds: seconds(), stepSeconds, lossSeconds };
      const { preprocessing } = state;
      const rest = { untrained, ...times, replicas, preprocessing, backbone: config.model.backbone };
      await output.checkpoint(state.step, await lead.checkpointFiles(), rest);
      await lead.checkpointWritten();
    };
    if (options.checkpointFirst) await checkpoint();
    // The step whose checkpoint exists already.
    const resumedAt = saved && state.step;
    const due = (every: number | null) => every !== null && state.step % every === 0;

    while (state.step < training.steps && !signal?.aborted) {
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
        times: { data: batch.waitedMs, compute: milliseconds - batch.waitedMs },
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
      }
      if (due(training.checkpointEvery) && state.step < training.steps) await checkpoint();
      // Signals, workers' messages and a page's events are handled between steps.
      await nextTurn();
    }
    if (state.step !== resumedAt) {
      progress.phase('writing a checkpoint');
      await checkpoint();
    }
    if (state.step < training.steps) return null;

    progress.phase('measuring the held-out identities');
    const heldOut = await verify(testImages);
    const copies = testCopies && (await verify(testCopies));
    const intervals = identityIntervals(heldOut, testImages, progress);
    const parameters = state.model.parameterCount();
    const { multiplyAdds, modelBytes } = await modelCost(state.model, config.data.imageSize);
    return {
      testImages,
      heldOut,
      intervals,
      copies,
      untrained,
      replicas,
      seconds: seconds(),
      stepSeconds,
      lossSeconds,
      parameters,
      multiplyAdds,
      modelBytes,
      precision,
    };
  } finally {
    progress.phase(null);
    await batches?.close();
    if (opened) await output.close();
  }
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
