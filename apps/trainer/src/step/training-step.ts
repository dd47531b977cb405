import * as tf from '@tensorflow/tfjs-core';
import { clipScale, globalNormAsync } from '@unitsphere/optimizers';
import {
  NotFiniteError as CentersNotFiniteError,
  type PartialFC,
  type PartialFCResult,
} from '@unitsphere/partial-fc';
import type { Config } from '../config/config.js';
import type { BatchPart } from '../dataset/batches.js';
import type { Distiller } from '../distillation/distiller.js';
import { UserError } from '../user-error.js';
import { type BatchForward, createBatchForward } from './forward-batch.js';
import { createSchedule } from './optimizer.js';
import { StepReduction } from './step-reduction.js';
import type { TrainingState } from './training-state.js';

/** The figures of one step; the same on every replica. */
export interface StepResult {
  loss: number;
  lr: number;
  /** L2 norm of all gradients together, before clipping. */
  gradientNorm: number;
  margin?: number;
  scale?: number;
  /** Parts of the loss; present with both a margin loss and a pair loss. The pair loss is weighted. */
  parts?: { marginLoss: number; pairLoss: number };
  /** Present with a teacher. Norms are those of the weighted gradients with respect to the embeddings. */
  distillation?: {
    distillationLoss: number;
    distillationWeight: number;
    distillationGradientNorm: number;
    marginGradientNorm: number;
  };
  /** Time of the losses' forward and backward pass and of the class centers' update, by this replica's clock. */
  lossMilliseconds: number;
}

/** A replica's part of a step's batch. */
export interface StepPart extends BatchPart {
  /** Counts from 0. */
  step: number;
  /** This replica's fraction of the batch. */
  share: number;
  /** All labels of the next batch, if known. */
  nextLabels?: Int32Array;
}

/** Trains on one batch. Collective: all replicas call it, and only after the promise of the previous call is settled. */
export type TrainingStep = (part: StepPart) => Promise<StepResult>;

/** The loss or a gradient was not finite; the step updated nothing. */
export class NotFiniteError extends UserError {
  override readonly code = 'NOT_FINITE';
}

/**
 * Creates the function that trains on one batch: forward pass, loss, backward pass, clipping, update. It leaks no tensors. Each
 * replica passes its part of the batch; the gradients are those of the mean over the whole batch, however it is divided.
 */
export function createTrainingStep(config: Config, state: TrainingState): TrainingStep {
  const schedule = createSchedule(config.schedule, config.training.steps);
  const { lr: baseRate, clipNorm, centersLrScale } = config.optimizer;
  const { margin, optimizer, communicator, distiller } = state;
  const embed = createBatchForward(config, state);
  // With synchronized batch norms, running statistics are the same on all replicas already.
  const buffers = config.training.syncBatchNorm ? [] : state.frozen.movingBuffers();
  const parameters = state.frozen.trained().map(([, parameter]) => parameter);
  const reduction = new StepReduction(communicator, parameters, buffers);
  return async ({ step, images, clean, features, labels, share, nextLabels }) => {
    const lossTime = new Stopwatch();
    const settings = margin?.scheduled.at(step);
    const lr = baseRate * schedule(step);
    const forward = embed({
      step,
      images,
      ...(clean && distiller?.seesBoth && { clean }),
      count: labels.length,
      total: Math.round(labels.length / share),
    });
    let gradients: (tf.Tensor | null)[] = [];
    const embeddings = partsOf(forward.embeddings, labels.length);
    try {
      const supervised = await lossTime.during(() =>
        supervise(state, embeddings.first, labels, { step, share, nextLabels }),
      );
      const { loss, embeddingGradient, gradientSquareSum } = supervised;
      const taught =
        distiller && features
          ? await teach(distiller, embeddings, features, {
              embeddingGradient,
              weight: distiller.weightAt(step),
              share,
            })
          : { embeddingGradient, gradients: [], sums: [] };
      gradients = [
        // The projection's gradients follow the model's, in the optimizer's order.
        ...pullback(forward, taught.embeddingGradient, reduction.begin()),
        ...taught.gradients,
        ...supervised.gradients,
      ];
      const reduced = await reduction.reduce({ gradients, sums: [gradientSquareSum, ...taught.sums], share });
      gradients = reduced.gradients;
      const [squares, ...figures] = reduced.sums as [number, ...number[]];
      const gradientNorm = Math.hypot(await globalNormAsync(gradients), Math.sqrt(squares));
      const result: StepResult = { loss, lr, gradientNorm, ...settings, lossMilliseconds: 0 };
      if (supervised.parts) result.parts = supervised.parts;
      if (distiller) {
        const [distillationLoss, marginSquares, distillationSquares] = figures as [number, number, number];
        result.distillation = {
          distillationLoss,
          distillationWeight: distiller.weightAt(step),
          distillationGradientNorm: Math.sqrt(distillationSquares),
          marginGradientNorm: Math.sqrt(marginSquares),
        };
      }
      // Both numbers are the same on every replica, so that all of them stop.
      if (!Number.isFinite(loss) || !Number.isFinite(gradientNorm))
        throw await notFinite(step, result, state);
      const gradientScale = clipNorm === null ? 1 : clipScale(gradientNorm, clipNorm);
      optimizer.lr = lr;
      optimizer.step(gradients, { gradientScale });
      if (margin) {
        const { centers } = margin;
        await lossTime.during(() => centers.step({ lr: lr * centersLrScale, gradientScale }));
      }
      state.ema?.update();
      state.step = step + 1;
      return { ...result, lossMilliseconds: lossTime.milliseconds };
    } finally {
      margin?.centers.discard();
      forward.dispose();
      tf.dispose([
        ...(embeddings.first === embeddings.all ? [] : [embeddings.first]),
        ...gradients.filter((gradient) => gradient !== null),
      ]);
    }
  };
}

/** Embeddings of a batch: those that the class centers see, and all of them (with the clean images', if any). */
interface EmbeddingParts {
  first: tf.Tensor2D;
  all: tf.Tensor2D;
}

function partsOf(all: tf.Tensor2D, count: number): EmbeddingParts {
  return { all, first: all.shape[0] === count ? all : tf.slice(all, [0, 0], [count, -1]) };
}

/**
 * Adds the distillation loss's gradient to that of a replica's embeddings, and returns the projection's gradients.
 * @returns `sums`: this replica's part of the mean distillation loss, the squared norm of the margin loss's gradient, and that of
 * the distillation loss's.
 */
async function teach(
  distiller: Distiller,
  { first, all }: EmbeddingParts,
  features: Float32Array,
  { embeddingGradient, weight, share }: { embeddingGradient: tf.Tensor2D; weight: number; share: number },
): Promise<{ embeddingGradient: tf.Tensor2D; gradients: tf.Tensor[]; sums: number[] }> {
  const count = first.shape[0];
  const learning = distiller.seesBoth ? tf.slice(all, [count, 0], [count, -1]) : tf.clone(all);
  const pass = distiller.pass(learning, features);
  const [own, ...gradients] = [pass.embeddingGradient, ...pass.gradients].map((gradient) =>
    tf.mul(gradient, weight * share),
  ) as [tf.Tensor2D, ...tf.Tensor[]];
  const [value] = (await pass.value.data()) as Float32Array;
  const [margin, distillation] = [await globalNormAsync([embeddingGradient]), await globalNormAsync([own])];
  const sum = distiller.seesBoth ? tf.concat([embeddingGradient, own]) : tf.add(embeddingGradient, own);
  tf.dispose([learning, pass.value, pass.embeddingGradient, ...pass.gradients, own, embeddingGradient]);
  return {
    embeddingGradient: sum as tf.Tensor2D,
    gradients,
    sums: [value * share, margin ** 2, distillation ** 2],
  };
}

/** The losses of labeled images: their sum, and its gradients. */
interface Supervision extends PartialFCResult {
  /** This replica's part of the gradients of the pair loss's learned parameters. */
  gradients: tf.Tensor[];
  parts?: StepResult['parts'];
}

/** Adds the margin loss and the weighted pair loss. */
async function supervise(
  { margin, pairs }: TrainingState,
  embeddings: tf.Tensor2D,
  labels: Int32Array,
  { step, share, nextLabels }: Pick<StepPart, 'step' | 'share' | 'nextLabels'>,
): Promise<Supervision> {
  const centered = margin && (await centersPass(margin.centers, embeddings, labels, nextLabels));
  const paired = await pairs?.pass(embeddings, labels, { step, share });
  if (!paired) {
    if (!centered) throw new Error('The config has neither a margin loss nor a pair loss.');
    return { ...centered, gradients: [] };
  }
  if (!centered) return { ...paired, gradientSquareSum: 0 };
  const embeddingGradient = tf.add(centered.embeddingGradient, paired.embeddingGradient) as tf.Tensor2D;
  tf.dispose([centered.embeddingGradient, paired.embeddingGradient]);
  return {
    loss: centered.loss + paired.loss,
    embeddingGradient,
    gradientSquareSum: centered.gradientSquareSum,
    gradients: paired.gradients,
    parts: { marginLoss: centered.loss, pairLoss: paired.loss },
  };
}

/** Runs the forward and backward pass of the class centers; the loss is NaN for non-finite input. */
async function centersPass(
  centers: PartialFC,
  embeddings: tf.Tensor2D,
  labels: Int32Array,
  nextLabels: Int32Array | undefined,
): Promise<PartialFCResult> {
  try {
    return await centers.forwardBackward(embeddings, labels, { nextLabels });
  } catch (error) {
    if (!(error instanceof CentersNotFiniteError)) throw error;
    return {
      loss: Number.NaN,
      embeddingGradient: tf.zerosLike(embeddings),
      gradientSquareSum: Number.NaN,
    };
  }
}

/** Adds up the time of the work it runs. */
class Stopwatch {
  milliseconds = 0;

  async during<T>(work: () => Promise<T>): Promise<T> {
    const begun = performance.now();
    try {
      return await work();
    } finally {
      this.milliseconds += performance.now() - begun;
    }
  }
}

function pullback(
  forward: BatchForward,
  embeddingGradient: tf.Tensor2D,
  onGradient: Parameters<BatchForward['pullback']>[1],
): (tf.Tensor | null)[] {
  try {
    return forward.pullback(embeddingGradient, onGradient);
  } finally {
    embeddingGradient.dispose();
  }
}

async function notFinite(
  step: number,
  { loss, lr, gradientNorm }: StepResult,
  state: TrainingState,
): Promise<NotFiniteError> {
  const norms = await Promise.all(
    state.model
      .namedParameters()
      .map(async ([name, parameter]) => [name, await globalNormAsync([parameter.variable])] as const),
  );
  const centersNorm = await state.centersNorm();
  if (centersNorm !== undefined) norms.push(['class centers', centersNorm]);
  norms.sort(([, a], [, b]) => (Number.isFinite(b) ? b : Infinity) - (Number.isFinite(a) ? a : Infinity));
  const largest = norms.slice(0, 3).map(([name, norm]) => `${name} ${norm.toPrecision(4)}`);
  return new NotFiniteError(
    `training stopped at step ${step}: the loss is ${loss} and the gradient norm ${gradientNorm}, at learning rate ${lr.toPrecision(3)} (largest weights by norm: ${largest.join(', ')})`,
    {
      hint: 'Lower optimizer.lr, loss.scale or the margin, or use a longer schedule.warmup.',
    },
  );
}
