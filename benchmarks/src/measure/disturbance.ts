import { digits } from '../format.js';
import type { Course } from './interleave.js';

/** A warning where other work took part of the machine. */
export function disturbance(courses: readonly Pick<Course, 'coresOfOthers'>[]): string[] {
  const cores = Math.max(0, ...courses.map((r) => r.coresOfOthers));
  return cores > 0.1
    ? [`- Other work kept up to ${digits(cores)} cores busy meanwhile: measure again on an idle machine.`]
    : [];
}
