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
  /** The ROC of held-out pairs. */
  roc: Curve;
  validation: FiguresPoint[];
  /** On held-out identities, while training. */
  test: FiguresPoint[];
}

/** Reads what a finished run left. @throws Error where it is not finished. */
export async function readRunFigures(folder: string): Promise<RunFigures> {
  const read = async <T>(name: string) => JSON.parse(await readFile(join(folder, name), 'utf8')) as T;
  const records = await readMetrics(join(folder, RUN_FILES.metrics));
  const points = (name: 'validation' | 'test') =>
    records.flatMap((record) => (record[name] ? [{ step: record.step, ...(record[name] as Scored) }] : []));
  const { roc } = await read<ReportData>(RUN_FILES.reportData);
  return {
    summary: await read<TrainingSummary>(RUN_FILES.summary),
    roc: roc.heldOut,
    validation: points('validation'),
    test: points('test'),
  };
}
