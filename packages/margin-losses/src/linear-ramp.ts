/** Start, end and length of a ramp. */
export interface LinearRamp {
  /** Value at step 0. */
  from: number;
  /** Value at step `steps` and later. */
  to: number;
  /** Number of steps; 0 returns `to` from the first step on. */
  steps: number;
}

/**
 * Interpolates linearly from one number to another and stays there: the warm-up of a margin or a scale. It is a pure
 * function of the step.
 * @param step A non-negative integer.
 * @throws RangeError if step or steps is not a non-negative integer, or from or to is not finite.
 * @example loss.margin = linearRamp(step, { from: 0, to: 0.4, steps: 1000 });
 */
export function linearRamp(step: number, { from, to, steps }: LinearRamp): number {
  for (const [name, value] of [['step', step] as const, ['steps', steps] as const]) {
    if (!Number.isInteger(value) || value < 0) {
      throw new RangeError(`linearRamp: ${name} must be a non-negative integer, but it is ${value}.`);
    }
  }
  for (const [name, value] of [['from', from] as const, ['to', to] as const]) {
    if (!Number.isFinite(value)) {
      throw new RangeError(`linearRamp: ${name} must be a finite number, but it is ${value}.`);
    }
  }
  return step >= steps ? to : from + (to - from) * (step / steps);
}
