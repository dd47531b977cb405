import { mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { ContenderSpec } from '../contender/contender.js';
import type { MemoryFigures } from '../contender/protocol.js';
import { startAll } from '../contender/start-all.js';
import { type Course, interleave, type Pace } from '../measure/interleave.js';
import { describeMachine, type Machine } from '../measure/machine.js';
import { type Summary, summarize } from '../measure/statistics.js';
import {
  type ClassesContender,
  classesContenders,
  type RateContender,
  rateContenders,
} from './contenders.js';
import { type DiskFigures, measureDisk } from './disk.js';
import { type ClassesRatios, classesRatios, type RateRatios, rateRatios } from './ratios.js';
import { CLASSES_WORKLOAD, type HeadWorkload, RATE_WORKLOAD } from './workload.js';

/** A contender's figures. */
export interface HeadResult extends Omit<Course, 'turns' | 'processorTurns'> {
  id: string;
  label: string;
  /** Milliseconds of a step: of each turn the mean, of these the median and extremes. */
  stepMilliseconds: Summary & { turns: number[] };
  /** Processor milliseconds of a step, all threads together. */
  processorMilliseconds: Summary;
  /** Bytes. Peak of the whole process before the head was made. */
  footprint: number;
  memory: MemoryFigures;
}

export type ClassesResult = HeadResult & Pick<ClassesContender, 'classes' | 'cold'>;
export type RateResult = HeadResult & Pick<RateContender, 'role'>;

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
  const { results: measured } = await measure(classesContenders(folder), pace, say);
  const results = measured.map(({ spec: { classes, cold }, result }) => ({ ...result, classes, cold }));
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
  const { results: measured, absent } = await measure(rateContenders(folder), pace, say);
  const results = measured.map(({ spec: { role }, result }) => ({ ...result, role }));
  return { workload: RATE_WORKLOAD, ...rateRatios(results), results, absent };
}

/** Starts those who are there and times them in turns. */
export async function measure<Spec extends ContenderSpec>(
  specs: readonly Spec[],
  pace: Pace,
  say: (message: string) => void,
): Promise<{ results: { spec: Spec; result: HeadResult }[]; absent: Record<string, string> }> {
  say(`starting ${specs.map(({ label }) => label).join('; ')}`);
  const { running, absent, failure } = await startAll(specs);
  try {
    if (failure) throw failure;
    const courses = await interleave(
      running.map(({ contender }) => contender),
      pace,
      (done, of) => say(`round ${done} of ${of}`),
    );
    const results: { spec: Spec; result: HeadResult }[] = [];
    for (const [i, { spec, contender }] of running.entries()) {
      const { turns, processorTurns, ...course } = courses[i]!;
      const result: HeadResult = {
        id: spec.id,
        label: spec.label,
        ...course,
        stepMilliseconds: { ...summarize(turns), turns },
        processorMilliseconds: summarize(processorTurns),
        footprint: contender.footprint,
        memory: await contender.memory(),
      };
      results.push({ spec, result });
    }
    return { results, absent };
  } finally {
    await Promise.all(running.map(({ contender }) => contender.close()));
  }
}
