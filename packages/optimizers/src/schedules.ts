import { checkFraction, checkInteger } from './check.js';

/** What the learning rate is multiplied by at a step, counted from 0. */
export type Schedule = (step: number) => number;

/** How a cosine schedule is made. */
export interface ScheduleOptions {
  /** Steps in all, warm-up included. */
  totalSteps: number;
  /** Steps of linear warm-up: step k has (k + 1) / warmupSteps, so the first is never the full rate nor 0. Default 0. */
  warmupSteps?: number;
  /** The factor that step `totalSteps` would have, and every later one; in [0, 1). Default 0. */
  end?: number;
}

/** How a polynomial schedule is made. */
export interface PolynomialScheduleOptions extends ScheduleOptions {
  /** The power of the fall; 1 is a straight line. Above 0. Default 1. */
  power?: number;
}

/**
 * Linear warm-up, then end + (1 − end) · (1 − progress)^power, where progress = (step − warmupSteps) / (totalSteps −
 * warmupSteps). A pure function of the step.
 * @throws RangeError where an option, or later the step, is out of range.
 * @example optimizer.lr = 1e-3 * schedule(step);
 */
export function polynomialSchedule({ power = 1, ...options }: PolynomialScheduleOptions): Schedule {
  if (!(Number.isFinite(power) && power > 0)) {
    throw new RangeError(`polynomialSchedule: power must be a finite number above 0, but it is ${power}.`);
  }
  return warmupThen('polynomialSchedule', options, (progress) => (1 - progress) ** power);
}

/**
 * Linear warm-up, then end + (1 − end) · (1 + cos(π · progress)) / 2, where progress = (step − warmupSteps) /
 * (totalSteps − warmupSteps). A pure function of the step.
 * @throws RangeError where an option, or later the step, is out of range.
 */
export function cosineSchedule(options: ScheduleOptions): Schedule {
  return warmupThen('cosineSchedule', options, (progress) => (1 + Math.cos(Math.PI * progress)) / 2);
}

/**
 * Linear warm-up, then 1: the full rate to the end. A pure function of the step.
 * @throws RangeError where an option, or later the step, is out of range.
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
    throw new RangeError(`${name}: ${warmupSteps} warm-up steps are more than ${totalSteps} steps in all.`);
  }
  checkFraction(`${name}: end`, end);
  return (step) => {
    checkInteger(`${name}: step`, step, 0);
    if (step < warmupSteps) return (step + 1) / warmupSteps;
    if (step >= totalSteps) return end;
    return end + (1 - end) * fall((step - warmupSteps) / (totalSteps - warmupSteps));
  };
}
