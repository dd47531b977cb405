import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Curve, ReportData } from '../report/data.js';
import { readMetrics } from '../run/metrics-log.js';
import { RUN_FILES } from '../run/run-directory.js';
import type { TrainingSummary } from '../train/types.js';
import type { MetricFigures } from './score.js';

/** Figures at a step of the training. */
export interface FiguresPoint extends MetricFigures {
  step: number;
}

/** The results of a finished run. */
export interface RunFigures {
  summary: TrainingSummary;
  validation: FiguresPoint[];
  /** Figures on held-out identities during training. */
  test: FiguresPoint[];
}

/** Reads the results of a finished run. @throws Error if the run is not finished. */
export async function readRunFigures(folder: string): Promise<RunFigures> {
  const records = await readMetrics(join(folder, RUN_FILES.metrics));
  const points = (name: 'validation' | 'test') =>
    records.flatMap((record) =>
      record[name] ? [{ step: record.step, ...(record[name] as MetricFigures) }] : [],
    );
  return {
    summary: await readJson<TrainingSummary>(folder, RUN_FILES.summary),
    validation: points('validation'),
    test: points('test'),
  };
}

/** Reads the ROC curve of a finished run's held-out pairs from its report data. */
export async function readRunRoc(folder: string): Promise<Curve> {
  return (await readJson<ReportData>(folder, RUN_FILES.reportData)).roc.heldOut;
}

async function readJson<T>(folder: string, name: string): Promise<T> {
  return JSON.parse(await readFile(join(folder, name), 'utf8')) as T;
}
