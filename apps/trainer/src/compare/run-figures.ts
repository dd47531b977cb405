import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Curve, ReportData } from '../report/data.js';
import { type MetricsFingerprint, readMetricsFile } from '../run/metrics-log.js';
import { RUN_FILES } from '../run/run-directory.js';
import { parseSealedJson } from '../run/sealed-file.js';
import type { TrainingSummary } from '../train/types.js';
import { UserError } from '../user-error.js';
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

/** Reads the results of a finished run. @throws UserError if a file is damaged; Error if the run is not finished. */
export async function readRunFigures(folder: string): Promise<RunFigures> {
  const metrics = join(folder, RUN_FILES.metrics);
  const { records, fingerprint } = await readMetricsFile(metrics);
  const { metrics: expected, ...summary } = await readJson<
    TrainingSummary & { metrics?: MetricsFingerprint }
  >(folder, RUN_FILES.summary);
  if (expected && expected.sha256 !== fingerprint.sha256) {
    throw new UserError(`${metrics} is damaged: it does not match the checksum in ${RUN_FILES.summary}`, {
      hint: 'Restore the file from a backup, or delete the run and train it again.',
    });
  }
  const points = (name: 'validation' | 'test') =>
    records.flatMap((record) =>
      record[name] ? [{ step: record.step, ...(record[name] as MetricFigures) }] : [],
    );
  return {
    summary,
    validation: points('validation'),
    test: points('test'),
  };
}

/** Reads the ROC curve of a finished run's held-out pairs from its report data. */
export async function readRunRoc(folder: string): Promise<Curve> {
  const { roc } = await readJson<Partial<ReportData>>(folder, RUN_FILES.reportData);
  if (roc?.heldOut) return roc.heldOut;
  throw new UserError(`${join(folder, RUN_FILES.reportData)} is damaged: it lacks the ROC curve`, {
    hint: 'Restore the file from a backup, or delete the run and train it again.',
  });
}

async function readJson<T extends object>(folder: string, name: string): Promise<T> {
  const file = join(folder, name);
  return parseSealedJson<T>(await readFile(file, 'utf8'), file);
}
