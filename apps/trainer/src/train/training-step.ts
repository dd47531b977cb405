import * as tf from '@tensorflow/tfjs-core';
import { valueAndGradients } from '@unitsphere/core';
import type { Batch } from '@unitsphere/data';
import { cosineLogits } from '@unitsphere/ops';
import { clipScale, globalNormAsync } from '@unitsphere/optimizers';
import type { Config } from '../config/config.js';
import { toInput } from '../model/preprocessing.js';
import { UserError } from '../user-error.js';
import { createLoss } from './margin-loss.js';
import { createSchedule } from './optimizer.js';
import type { TrainingState } from './training-state.js';

/** What one step shows. */
export interface StepResult {
  loss: number;
  lr: number;
  /** Of all gradients together, before clipping. */
  gradientNorm: number;
  margin?: number;
  scale: number;
}

/** Trains on one batch; the next call waits until this one's promise is settled. */
export type TrainingStep = (batch: Batch) => Promise<StepResult>;

/** The loss or the gradients stopped being numbers; nothing was updated in that step. */
export class NotFiniteError extends UserError {}

/** Makes the function that trains on one batch: forward, loss, gradients, clipping, update. It leaves no tensors. */
export function createTrainingStep(config: Config, state: TrainingState): TrainingStep {
  const { loss, at } = createLoss(config.loss);
  const schedule = createSchedule(config.schedule, config.training.steps);
  const { lr: baseRate, clipNorm } = config.optimizer;
  const { model, classCenters, optimizer, ema, preprocessing } = state;
  const parameters = [...model.parameters(), classCenters];
  return async (batch) => {
    const settings = at(batch.step);
    const lr = baseRate * schedule(batch.step);
    const images = toInput(batch.images, preprocessing);
    const labels = tf.tensor1d(batch.labels, 'int32');
    const { value, gradients } = valueAndGradients(
      () => loss.loss(cosineLogits(model.forward(images), classCenters.variable as tf.Tensor2D), labels),
      parameters,
    );
    try {
      // Not dataSync: a GPU cannot be read synchronously. Both at once: one wait.
      const [values, gradientNorm] = await Promise.all([value.data(), globalNormAsync(gradients)]);
      const result: StepResult = { loss: values[0]!, lr, gradientNorm, ...settings };
      if (!Number.isFinite(result.loss) || !Number.isFinite(result.gradientNorm)) {
        throw await notFinite(batch.step, result, state);
      }
      optimizer.lr = lr;
      optimizer.step(gradients, {
        gradientScale: clipNorm === null ? 1 : clipScale(result.gradientNorm, clipNorm),
      });
      ema?.update();
      state.step = batch.step + 1;
      return result;
    } finally {
      tf.dispose([images, labels, value, ...gradients.filter((gradient) => gradient !== null)]);
    }
  };
}

async function notFinite(
  step: number,
  { loss, lr, gradientNorm }: StepResult,
  state: TrainingState,
): Promise<NotFiniteError> {
  const named = [...state.model.namedParameters(), ['class centres', state.classCenters] as const];
  const norms = await Promise.all(
    named.map(async ([name, parameter]) => [name, await globalNormAsync([parameter.variable])] as const),
  );
  norms.sort(([, a], [, b]) => (Number.isFinite(b) ? b : Infinity) - (Number.isFinite(a) ? a : Infinity));
  const largest = norms.slice(0, 3).map(([name, norm]) => `${name} ${norm.toPrecision(4)}`);
  return new NotFiniteError(
    `training stopped at step ${step}: the loss is ${loss} and the gradients' norm ${gradientNorm}, at learning rate ${lr.toPrecision(3)} (largest weights by norm: ${largest.join(', ')})`,
    {
      hint: 'The last checkpoint is whole. Resume from it with a lower optimizer.lr, a lower loss.scale or margin, or a longer schedule.warmup.',
    },
  );
}
