import { writeCheckpoint } from '../run/checkpoints.js';
import type { MetricsLog } from '../run/metrics-log.js';
import type { RunDirectory } from '../run/run-directory.js';
import type { TrainingOutput } from './training-loop.js';

/** Returns an output that writes to a run's folder. */
export function runOutput(run: RunDirectory, keepCheckpoints: number): TrainingOutput {
  let log: MetricsLog;
  return {
    async open(stepsDone) {
      log = await run.openMetrics({ throughStep: stepsDone });
    },
    metrics: (record) => log.append(record),
    async checkpoint(step, files, saved) {
      // The metrics are synced first, so that after a power cut they are never older than the checkpoint.
      await log.sync();
      await writeCheckpoint(run, step, files, { ...saved }, { keep: keepCheckpoints });
    },
    close: () => log.close(),
  };
}
