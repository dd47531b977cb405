import { mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Pace } from '../measure/interleave.js';
import { describeMachine } from '../measure/machine.js';
import { timeContenders } from '../measure/time-contenders.js';
import { computeClassesRatios, computeRateRatios } from './compute-ratios.js';
import { type ClassesContender, createClassesContenders, createRateContenders } from './contenders.js';
import { measureDisk, readRecordBytes } from './measure-disk.js';
import type { ClassesResult, Part, PartialFCReport } from './partial-fc-report.js';
import { CLASSES_WORKLOAD, RATE_WORKLOAD } from './workload.js';

/**
 * Runs the parts one after the other.
 * @param parent The folder for the center files, in a temporary folder of their own.
 */
export async function runPartialFC(
  parts: readonly Part[],
  parent: string,
  pace: Pace,
  log: (message: string) => void = () => undefined,
): Promise<PartialFCReport> {
  const folder = mkdtempSync(join(parent, 'partial-fc-'));
  try {
    return {
      benchmark: 'partial-fc',
      date: new Date().toISOString(),
      machine: describeMachine(),
      pace,
      ...(parts.includes('classes') && { classes: await runClasses(folder, pace, log) }),
      ...(parts.includes('rate') && { rate: await runRate(folder, pace, log) }),
    };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

async function runClasses(folder: string, pace: Pace, log: (message: string) => void) {
  const { timed } = await timeContenders(createClassesContenders(folder), pace, log);
  const results = timed.map(
    ({ spec: { classes, cold }, timing }): ClassesResult => ({ ...timing, classes, cold }),
  );
  log('measuring the disk');
  const { sampled } = CLASSES_WORKLOAD;
  const { path, classes } = findLargest(timed.map(({ spec }) => spec));
  const recordBytes = readRecordBytes(path, classes);
  return {
    workload: CLASSES_WORKLOAD,
    ...computeClassesRatios(results),
    results,
    disk: await measureDisk(folder, classes, recordBytes, sampled, pace.rounds),
  };
}

function findLargest(specs: readonly ClassesContender[]): ClassesContender {
  return specs.reduce((largest, spec) => (spec.classes > largest.classes ? spec : largest));
}

async function runRate(folder: string, pace: Pace, log: (message: string) => void) {
  const { timed, absent } = await timeContenders(createRateContenders(folder), pace, log);
  const results = timed.map(({ spec: { role, ranks }, timing }) => ({ ...timing, role, ranks }));
  const version = timed.find(({ spec }) => spec.role === 'pytorch')?.description['version'];
  return {
    workload: RATE_WORKLOAD,
    ...computeRateRatios(results),
    results,
    ...(version !== undefined && { pytorchVersion: String(version) }),
    absent,
  };
}
