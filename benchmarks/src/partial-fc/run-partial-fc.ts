import { mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Pace } from '../measure/interleave.js';
import { describeMachine, type Machine } from '../measure/machine.js';
import { type Timing, timeContenders } from '../measure/time-contenders.js';
import {
  type ClassesContender,
  classesContenders,
  type RateContender,
  rateContenders,
} from './contenders.js';
import { type DiskFigures, measureDisk } from './disk.js';
import { type ClassesRatios, classesRatios, type RateRatios, rateRatios } from './ratios.js';
import { CLASSES_WORKLOAD, type HeadWorkload, RATE_WORKLOAD } from './workload.js';

export type ClassesResult = Timing & Pick<ClassesContender, 'classes' | 'cold'>;
export type RateResult = Timing & Pick<RateContender, 'role' | 'ranks'>;

/** What `bench partial-fc` writes. */
export interface PartialFCReport {
  benchmark: 'partial-fc';
  date: string;
  machine: Machine;
  pace: Pace;
  /** As the classes grow; absent where it was not asked for. */
  classes?: ClassesRatios & {
    workload: Omit<HeadWorkload, 'classes'>;
    results: ClassesResult[];
    disk: DiskFigures;
  };
  /** Against the full softmax and PyTorch; absent where it was not asked for. */
  rate?: RateRatios & {
    workload: HeadWorkload;
    results: RateResult[];
    /** Why who is not there, by id. */
    absent: Record<string, string>;
  };
}

export type Part = 'classes' | 'rate';

/** Runs the parts one after the other; each contender's file is in a folder of its own in the one that is given. */
export async function runPartialFC(
  parts: readonly Part[],
  parent: string,
  pace: Pace,
  say: (message: string) => void = () => undefined,
): Promise<PartialFCReport> {
  const folder = mkdtempSync(join(parent, 'partial-fc-'));
  try {
    return {
      benchmark: 'partial-fc',
      date: new Date().toISOString(),
      machine: describeMachine(),
      pace,
      ...(parts.includes('classes') && { classes: await runClasses(folder, pace, say) }),
      ...(parts.includes('rate') && { rate: await runRate(folder, pace, say) }),
    };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

async function runClasses(folder: string, pace: Pace, say: (message: string) => void) {
  const { timed } = await timeContenders(classesContenders(folder), pace, say);
  const results = timed.map(({ spec: { classes, cold }, timing }) => ({ ...timing, classes, cold }));
  say('what the disk can do');
  const { dimensions, sampled } = CLASSES_WORKLOAD;
  const most = Math.max(...results.map(({ classes }) => classes));
  return {
    workload: CLASSES_WORKLOAD,
    ...classesRatios(results),
    results,
    disk: await measureDisk(folder, most, dimensions, sampled, pace.rounds),
  };
}

async function runRate(folder: string, pace: Pace, say: (message: string) => void) {
  const { timed, absent } = await timeContenders(rateContenders(folder), pace, say);
  const results = timed.map(({ spec: { role, ranks }, timing }) => ({ ...timing, role, ranks }));
  return { workload: RATE_WORKLOAD, ...rateRatios(results), results, absent };
}
