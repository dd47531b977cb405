/** How the weight of a distillation loss moves over a run. */
export interface WeightSchedule {
  /** The weight after the warm-up. */
  weight: number;
  /** Steps over which the weight grows evenly from 0. Default 0. */
  warmupSteps?: number;
  /** How it moves from the warm-up's end to `steps`, where it is `finalWeight`. Default `constant`: it does not. */
  decay?: 'constant' | 'linear' | 'cosine';
  /** The weight at `steps` and after, unless constant. Default 0. */
  finalWeight?: number;
  /** The step at which `finalWeight` is reached; needed unless constant. */
  steps?: number;
}

/**
 * The weight of a distillation loss at a step: a pure function, so that a resumed run needs nothing saved.
 * @param step The step, an integer of at least 0.
 * @throws RangeError where a step is no such integer, a weight is negative or not finite, or the warm-up outlasts `steps`.
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
  if (steps === undefined) throw new RangeError(`distillationWeight: a ${decay} decay needs steps.`);
  checkSteps('steps', steps);
  if (steps < warmupSteps) {
    throw new RangeError(
      `distillationWeight: warmupSteps (${warmupSteps}) must not be more than steps (${steps}).`,
    );
  }
  const gone = steps === warmupSteps ? 1 : Math.min(1, (step - warmupSteps) / (steps - warmupSteps));
  const left = decay === 'linear' ? 1 - gone : (1 + Math.cos(Math.PI * gone)) / 2;
  return finalWeight + (weight - finalWeight) * left;
}

function checkSteps(name: string, value: number): void {
  if (!Number.isInteger(value) || value < 0) {
    throw new RangeError(`distillationWeight: ${name} must be an integer of at least 0, but it is ${value}.`);
  }
}

function checkWeight(name: string, value: number): void {
  if (!(Number.isFinite(value) && value >= 0)) {
    throw new RangeError(
      `distillationWeight: ${name} must be a finite number of at least 0, but it is ${value}.`,
    );
  }
}
