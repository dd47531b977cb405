import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Curve, ReportData } from '../report/data.js';
import { readMetrics } from '../run/metrics-log.js';
import { RUN_FILES } from '../run/run-directory.js';
import type { TrainingSummary } from '../train/types.js';
import type { Scored } from './score.js';

/** Figures of a moment of training. */
export interface FiguresPoint extends Scored {
  step: number;
}

/** What a finished run left. */
export interface RunFigures {
  summary: TrainingSummary;
  validation: FiguresPoint[];
  /** On held-out identities, while training. */
  test: FiguresPoint[];
}

/** Reads what a finished run left. @throws Error where it is not finished. */
export async function readRunFigures(folder: string): Promise<RunFigures> {
  const records = await readMetrics(join(folder, RUN_FILES.metrics));
  const points = (name: 'validation' | 'test') =>
    records.flatMap((record) => (record[name] ? [{ step: record.step, ...(record[name] as Scored) }] : []));
  return {
    summary: await readJson<TrainingSummary>(folder, RUN_FILES.summary),
    validation: points('validation'),
    test: points('test'),
  };
}

/** The ROC of a finished run's held-out pairs: of its report's data, which have pictures too and are read for this alone. */
export async function readRunRoc(folder: string): Promise<Curve> {
  return (await readJson<ReportData>(folder, RUN_FILES.reportData)).roc.heldOut;
}

async function readJson<T>(folder: string, name: string): Promise<T> {
  return JSON.parse(await readFile(join(folder, name), 'utf8')) as T;
}
