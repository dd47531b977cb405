import { checkFraction, checkInteger } from './check.js';

/** Returns the factor of the learning rate at a step, counted from 0. */
export type Schedule = (step: number) => number;

/** Options of a cosine schedule. */
export interface ScheduleOptions {
  /** Total number of steps, including the warm-up. */
  totalSteps: number;
  /** Steps of linear warm-up: step k has the factor (k + 1) / warmupSteps, so no step has the factor 0. Default 0. */
  warmupSteps?: number;
  /** Factor at step `totalSteps` and later, in [0, 1). Default 0. */
  end?: number;
}

/** Options of a polynomial schedule. */
export interface PolynomialScheduleOptions extends ScheduleOptions {
  /** Exponent of the decay, above 0; 1 is a straight line. Default 1. */
  power?: number;
}

/**
 * Creates a schedule of linear warm-up, then end + (1 − end) · (1 − progress)^power, where progress = (step −
 * warmupSteps) / (totalSteps − warmupSteps). It is a pure function of the step.
 * @throws RangeError if an option is out of range; the schedule throws it for a negative or fractional step.
 * @example optimizer.lr = 1e-3 * schedule(step);
 */
export function polynomialSchedule({ power = 1, ...options }: PolynomialScheduleOptions): Schedule {
  if (!(Number.isFinite(power) && power > 0)) {
    throw new RangeError(`polynomialSchedule: power must be a finite number above 0, but it is ${power}.`);
  }
  return warmupThen('polynomialSchedule', options, (progress) => (1 - progress) ** power);
}

/**
 * Creates a schedule of linear warm-up, then end + (1 − end) · (1 + cos(π · progress)) / 2, where progress = (step −
 * warmupSteps) / (totalSteps − warmupSteps). It is a pure function of the step.
 * @throws RangeError if an option is out of range; the schedule throws it for a negative or fractional step.
 */
export function cosineSchedule(options: ScheduleOptions): Schedule {
  return warmupThen('cosineSchedule', options, (progress) => (1 + Math.cos(Math.PI * progress)) / 2);
}

/**
 * Creates a schedule of linear warm-up, then the constant factor 1. It is a pure function of the step.
 * @throws RangeError if an option is out of range; the schedule throws it for a negative or fractional step.
 */
export function constantSchedule({ warmupSteps = 0 }: Pick<ScheduleOptions, 'warmupSteps'> = {}): Schedule {
  checkInteger('constantSchedule: warmupSteps', warmupSteps, 0);
  return (step) => {
    checkInteger('constantSchedule: step', step, 0);
    return step < warmupSteps ? (step + 1) / warmupSteps : 1;
  };
}

function warmupThen(
  name: string,
  { totalSteps, warmupSteps = 0, end = 0 }: ScheduleOptions,
  fall: (progress: number) => number,
): Schedule {
  checkInteger(`${name}: totalSteps`, totalSteps, 1);
  checkInteger(`${name}: warmupSteps`, warmupSteps, 0);
  if (warmupSteps > totalSteps) {
    throw new RangeError(`${name}: warmupSteps ${warmupSteps} must not exceed totalSteps ${totalSteps}.`);
  }
  checkFraction(`${name}: end`, end);
  return (step) => {
    checkInteger(`${name}: step`, step, 0);
    if (step < warmupSteps) return (step + 1) / warmupSteps;
    if (step >= totalSteps) return end;
    return end + (1 - end) * fall((step - warmupSteps) / (totalSteps - warmupSteps));
  };
}
