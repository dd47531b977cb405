import { readFiles } from '../run/checkpoint.js';
import { bestCheckpoint, writeCheckpoint } from '../run/checkpoints.js';
import type { MetricsFingerprint, MetricsLog } from '../run/metrics-log.js';
import { RUN_FILES, type RunDirectory } from '../run/run-directory.js';
import type { TrainingOutput } from './training-loop.js';

/** Options of {@link runOutput}. */
export interface RunOutputOptions {
  /** Number of newest checkpoints to keep. */
  keepCheckpoints: number;
  /** The metrics when the resumed checkpoint was written. */
  expected?: MetricsFingerprint;
  /** Receives a warning if the metrics are damaged. */
  note(text: string): void;
}

/** Returns an output that writes to a run's folder. */
export function runOutput(
  run: RunDirectory,
  { keepCheckpoints, expected, note }: RunOutputOptions,
): TrainingOutput {
  let log: MetricsLog;
  return {
    async open(stepsDone) {
      log = await run.openMetrics({ throughStep: stepsDone, expected });
      if (!log.isIntact) {
        note(
          `warning: ${run.file(RUN_FILES.metrics)} is damaged: it does not match the checkpoint. The model is intact; curves of the report may be wrong.`,
        );
      }
    },
    metrics: (record) => log.append(record),
    async checkpoint(step, files, saved, best) {
      // The metrics are synced first, so that after a power cut they are never older than the checkpoint.
      await log.sync();
      await writeCheckpoint(
        run,
        step,
        files,
        { ...saved, metrics: log.fingerprint() },
        { keep: keepCheckpoints, best },
      );
    },
    async readBest() {
      const best = await bestCheckpoint(run);
      return best ? await readFiles(best) : undefined;
    },
    close: () => log.close(),
  };
}
