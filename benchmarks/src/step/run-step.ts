import type { Pace } from '../measure/interleave.js';
import { describeMachine } from '../measure/machine.js';
import { summarize } from '../measure/statistics.js';
import { type TimedContender, timeContenders } from '../measure/time-contenders.js';
import { computeRatios } from './compute-ratios.js';
import type { StepContender } from './contenders.js';
import type { StepReport, StepResult } from './step-report.js';
import type { Workload } from './workload.js';

/** Starts the contenders that can run on this machine, times them in turns, and compares them. */
export async function runStep(
  specs: readonly StepContender[],
  workload: Workload,
  pace: Pace,
  log: (message: string) => void = () => undefined,
): Promise<StepReport> {
  const { timed, absent } = await timeContenders(specs, pace, log);
  const results = timed.map((one) => createResult(one, workload.batch));
  return {
    benchmark: 'step',
    date: new Date().toISOString(),
    machine: describeMachine(),
    workload,
    pace,
    contenders: results,
    absent,
    ...computeRatios(results),
  };
}

function createResult(
  { spec, description, timing }: TimedContender<StepContender>,
  batch: number,
): StepResult {
  const { family, backend, extra = false } = spec;
  const { id, label, ...figures } = timing;
  return {
    id,
    label,
    family,
    backend,
    extra,
    description,
    ...figures,
    imagesPerSecond: summarize(
      timing.stepMilliseconds.turns.map((milliseconds) => (1000 * batch) / milliseconds),
    ),
    peakRss: timing.memory.peakRss,
  };
}
