import * as tf from '@tensorflow/tfjs-core';
import { DropPath, forwardAndPullback, Random } from '@unitsphere/core';
import { withFloat32MatmulPrecision } from '@unitsphere/mixed-precision';
import { clipScale, globalNormAsync } from '@unitsphere/optimizers';
import { NotFiniteError as HeadNotFiniteError, type PartialFCResult } from '@unitsphere/partial-fc';
import type { Config } from '../config/config.js';
import { toInput } from '../model/preprocessing.js';
import type { BatchPart } from '../replicas/shared-batch.js';
import { StepReduction } from '../replicas/step-reduction.js';
import { UserError } from '../user-error.js';
import { createSchedule } from './optimizer.js';
import type { TrainingState } from './training-state.js';

/** What one step shows; the same on every replica. */
export interface StepResult {
  loss: number;
  lr: number;
  /** Of all gradients together, before clipping. */
  gradientNorm: number;
  margin?: number;
  scale: number;
  /** Spent in the class centres' forward, backward and update, by this replica's clock. */
  lossMilliseconds: number;
}

/** A replica's part of the batch of a step, counted from 0. */
export interface StepPart extends BatchPart {
  step: number;
  /** Its fraction of the batch. */
  share: number;
  /** All labels of the next batch, where they are known. */
  nextLabels?: Int32Array;
}

/** Trains on one batch; the next call waits until this one's promise is settled. All replicas call it together. */
export type TrainingStep = (part: StepPart) => Promise<StepResult>;

/** The loss or the gradients stopped being numbers; nothing was updated in that step. */
export class NotFiniteError extends UserError {}

/**
 * Makes the function that trains on one batch: forward, loss, gradients, clipping, update. It leaves no tensors. Each replica
 * gives its part of the batch; the gradients are those of the mean over the whole batch, whatever the parts.
 */
export function createTrainingStep(config: Config, state: TrainingState): TrainingStep {
  const schedule = createSchedule(config.schedule, config.training.steps);
  const { lr: baseRate, clipNorm, centersLrScale } = config.optimizer;
  const { model, head, optimizer, preprocessing, communicator } = state;
  const parameters = state.frozen.trained().map(([, parameter]) => parameter);
  const reduction = new StepReduction(communicator, state.frozen.movingBuffers());
  const dropPaths = model.namedModules().filter(([, module]) => module instanceof DropPath);
  return async ({ step, images, labels, share, nextLabels }) => {
    const lossTime = new Stopwatch();
    const settings = state.loss.at(step);
    const lr = baseRate * schedule(step);
    // Of the step's own stream, so that a resumed run draws what the uninterrupted one does.
    for (const [name, dropPath] of dropPaths as [string, DropPath][])
      dropPath.drawFrom(new Random(config.seed, 'drop-path', name, step, communicator.rank));
    const input = toInput(images, preprocessing);
    // Their gradients have the precision of the products; the head's are outside, in float32.
    const forward = withFloat32MatmulPrecision(config.precision.matmul, () =>
      forwardAndPullback(() => model.forward(input), parameters),
    );
    let gradients: (tf.Tensor | null)[] = [];
    try {
      const { loss, embeddingGradient, gradientSquareSum } = await lossTime.during(() =>
        headPass(state, forward.value, labels, nextLabels),
      );
      gradients = pullback(forward, embeddingGradient);
      const reduced = await reduction.reduce({ gradients, squares: gradientSquareSum, share });
      gradients = reduced.gradients;
      const gradientNorm = Math.hypot(await globalNormAsync(gradients), Math.sqrt(reduced.squares));
      const result: StepResult = { loss, lr, gradientNorm, ...settings, lossMilliseconds: 0 };
      // The same on every replica, so that all of them stop.
      if (!Number.isFinite(loss) || !Number.isFinite(gradientNorm))
        throw await notFinite(step, result, state);
      const gradientScale = clipNorm === null ? 1 : clipScale(gradientNorm, clipNorm);
      optimizer.lr = lr;
      optimizer.step(gradients, { gradientScale });
      await lossTime.during(() => head.step({ lr: lr * centersLrScale, gradientScale }));
      state.ema?.update();
      state.step = step + 1;
      return { ...result, lossMilliseconds: lossTime.milliseconds };
    } finally {
      head.discard();
      forward.dispose();
      tf.dispose([input, forward.value, ...gradients.filter((gradient) => gradient !== null)]);
    }
  };
}

/** The head's forward and backward; where it meets what is no number, a loss that is none. */
async function headPass(
  { head }: TrainingState,
  embeddings: tf.Tensor2D,
  labels: Int32Array,
  nextLabels: Int32Array | undefined,
): Promise<PartialFCResult> {
  try {
    return await head.forwardBackward(embeddings, labels, { nextLabels });
  } catch (error) {
    if (!(error instanceof HeadNotFiniteError)) throw error;
    return {
      loss: Number.NaN,
      embeddingGradient: tf.zerosLike(embeddings),
      gradientSquareSum: Number.NaN,
    };
  }
}

/** Adds up the time of what it is given to do. */
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
  forward: ReturnType<typeof forwardAndPullback>,
  embeddingGradient: tf.Tensor,
): (tf.Tensor | null)[] {
  try {
    return forward.pullback(embeddingGradient);
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
  norms.push(['class centres', await state.centersNorm()]);
  norms.sort(([, a], [, b]) => (Number.isFinite(b) ? b : Infinity) - (Number.isFinite(a) ? a : Infinity));
  const largest = norms.slice(0, 3).map(([name, norm]) => `${name} ${norm.toPrecision(4)}`);
  return new NotFiniteError(
    `training stopped at step ${step}: the loss is ${loss} and the gradients' norm ${gradientNorm}, at learning rate ${lr.toPrecision(3)} (largest weights by norm: ${largest.join(', ')})`,
    {
      hint: 'The last checkpoint is whole. Resume from it with a lower optimizer.lr, a lower loss.scale or margin, or a longer schedule.warmup.',
    },
  );
}
