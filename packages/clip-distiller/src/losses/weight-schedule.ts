/** Schedule of the weight of a distillation loss. */
export interface WeightSchedule {
  /** Weight after the warm-up. */
  weight: number;
  /** Number of steps over which the weight grows linearly from 0. Default: 0. */
  warmupSteps?: number;
  /** Curve from the end of the warm-up to `finalWeight` at `steps`. Default: `constant`, no change. */
  decay?: 'constant' | 'linear' | 'cosine';
  /** Weight from `steps` on, unless constant. Default: 0. */
  finalWeight?: number;
  /** Step at which `finalWeight` is reached; required unless constant. */
  steps?: number;
}

/**
 * Computes the weight of a distillation loss at a step. It is a pure function, so a resumed run restores no state.
 * @param step The step, a non-negative integer.
 * @throws RangeError if a step is not a non-negative integer, a weight is negative or not finite, or the warm-up is longer
 *   than `steps`.
 * @example const total = tf.add(margin, tf.mul(distillation, distillationWeight(step, { weight: 1, warmupSteps: 500 })));
 */
export function distillationWeight(step: number, schedule: WeightSchedule): number {
  const { weight, warmupSteps = 0, decay = 'constant', finalWeight = 0, steps } = schedule;
  checkSteps('step', step);
  checkSteps('warmupSteps', warmupSteps);
  checkWeight('weight', weight);
  checkWeight('finalWeight', finalWeight);
  if (!['constant', 'linear', 'cosine'].includes(decay)) {
    throw new RangeError(`distillationWeight: decay must be constant, linear or cosine, but it is ${decay}.`);
  }
  if (step < warmupSteps) return (weight * step) / warmupSteps;
  if (decay === 'constant') return weight;
  if (steps === undefined) throw new RangeError(`distillationWeight: a ${decay} decay requires steps.`);
  checkSteps('steps', steps);
  if (steps < warmupSteps) {
    throw new RangeError(
      `distillationWeight: warmupSteps (${warmupSteps}) must not be more than steps (${steps}).`,
    );
  }
  const progress = steps === warmupSteps ? 1 : Math.min(1, (step - warmupSteps) / (steps - warmupSteps));
  const remaining = decay === 'linear' ? 1 - progress : (1 + Math.cos(Math.PI * progress)) / 2;
  return finalWeight + (weight - finalWeight) * remaining;
}

function checkSteps(name: string, value: number): void {
  if (!Number.isInteger(value) || value < 0) {
    throw new RangeError(`distillationWeight: ${name} must be a non-negative integer, but it is ${value}.`);
  }
}

function checkWeight(name: string, value: number): void {
  if (!(Number.isFinite(value) && value >= 0)) {
    throw new RangeError(`distillationWeight: ${name} must be finite and not negative, but it is ${value}.`);
  }
}
