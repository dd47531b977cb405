/** Where a ramp starts, where it ends, and in how many steps. */
export interface LinearRamp {
  /** The value at step 0. */
  from: number;
  /** The value at step `steps` and after. */
  to: number;
  /** The number of steps; 0 gives `to` from the start. */
  steps: number;
}

/**
 * A value that moves evenly from one number to another and stays there: a margin's or a scale's warm-up. A pure
 * function of the step.
 * @param step The step, an integer of at least 0.
 * @throws RangeError where step or steps is no such integer, or from or to is not finite.
 * @example loss.margin = linearRamp(step, { from: 0, to: 0.4, steps: 1000 });
 */
export function linearRamp(step: number, { from, to, steps }: LinearRamp): number {
  for (const [name, value] of [['step', step] as const, ['steps', steps] as const]) {
    if (!Number.isInteger(value) || value < 0) {
      throw new RangeError(`linearRamp: ${name} must be an integer of at least 0, but it is ${value}.`);
    }
  }
  for (const [name, value] of [['from', from] as const, ['to', to] as const]) {
    if (!Number.isFinite(value)) {
      throw new RangeError(`linearRamp: ${name} must be a finite number, but it is ${value}.`);
    }
  }
  return step >= steps ? to : from + (to - from) * (step / steps);
}
