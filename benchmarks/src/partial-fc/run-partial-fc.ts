import { mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Pace } from '../measure/interleave.js';
import { describeMachine } from '../measure/machine.js';
import { timeContenders } from '../measure/time-contenders.js';
import { selectContenders } from '../step/select-contenders.js';
import { computeClassesRatios, computeRateRatios } from './compute-ratios.js';
import {
  type ClassesContender,
  createClassesContenders,
  createRateContenders,
  type RateContender,
} from './contenders.js';
import { measureDisk, readRecordBytes } from './measure-disk.js';
import type { ClassesResult, Part, PartialFCReport } from './partial-fc-report.js';
import { CLASSES_WORKLOAD, RATE_WORKLOAD } from './workload.js';

/** Options of {@link runPartialFC}. */
export interface PartialFCBenchOptions {
  parts: readonly Part[];
  /** Folder for the center files, in a temporary folder of their own. */
  folder: string;
  pace: Pace;
  /** Ids of the contenders of the part `rate`. Default: all. */
  contenders?: readonly string[];
  /** A report whose other part is kept. */
  earlier?: PartialFCReport;
}

/** Runs the parts one after the other. */
export async function runPartialFC(
  { parts, folder: parent, pace, contenders, earlier }: PartialFCBenchOptions,
  log: (message: string) => void = () => undefined,
): Promise<PartialFCReport> {
  const folder = mkdtempSync(join(parent, 'partial-fc-'));
  try {
    const rate = parts.includes('rate') ? selectRateContenders(folder, contenders) : [];
    return {
      benchmark: 'partial-fc',
      date: new Date().toISOString(),
      machine: describeMachine(),
      pace,
      ...keepParts(earlier),
      ...(parts.includes('classes') && { classes: await runClasses(folder, pace, log) }),
      ...(rate.length > 0 && { rate: await runRate(rate, pace, log) }),
    };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Selects contenders of the part `rate`. @throws Error for an unknown id, or if a contender of the ratios is missing. */
export function selectRateContenders(folder: string, ids?: readonly string[]): RateContender[] {
  const selected = selectContenders(createRateContenders(folder), ids);
  for (const id of ['unitsphere-full', 'unitsphere-file']) {
    if (selected.some((one) => one.id === id)) continue;
    throw new Error(`--contenders must include ${id}, whose figures the ratios require.`);
  }
  return selected;
}

/** Returns the parts of an earlier report with the date at which they were measured. */
function keepParts({ classes, rate, date }: Partial<PartialFCReport> = {}): Partial<PartialFCReport> {
  return { ...(classes && { classes: { date, ...classes } }), ...(rate && { rate: { date, ...rate } }) };
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

async function runRate(specs: readonly RateContender[], pace: Pace, log: (message: string) => void) {
  const { timed, absent } = await timeContenders(specs, pace, log);
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
