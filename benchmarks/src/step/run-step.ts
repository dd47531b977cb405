import type { Description } from '../contender/protocol.js';
import type { Pace } from '../measure/interleave.js';
import { describeMachine, type Machine } from '../measure/machine.js';
import { type Summary, summarize } from '../measure/statistics.js';
import { type Timed, type Timing, timeContenders } from '../measure/time-contenders.js';
import type { StepContender } from './contenders.js';
import { type NamedRatio, ratios } from './ratios.js';
import type { Workload } from './workload.js';

/** A contender's figures. */
export interface StepResult extends Timing {
  family: StepContender['family'];
  backend: string;
  /** In no ratio. */
  extra: boolean;
  description: Description;
  imagesPerSecond: Summary;
  /** Bytes. Peak of the whole process after all steps. */
  peakRss: number;
}

/** What `bench step` writes. Ratios are null where one of the two is absent. */
export interface StepReport {
  benchmark: 'step';
  date: string;
  machine: Machine;
  workload: Workload;
  pace: Pace;
  contenders: StepResult[];
  /** Why who is not there, by id. */
  absent: Record<string, string>;
  /** Our images/s over PyTorch's: our fastest number of replicas over its fastest eager setting. */
  ratioToPyTorch: number | null;
  /** Our images/s on our default backend over those of stock kernels on `cpu`. */
  ratioToStockCpu: number | null;
  /** Our images/s on `webgpu` over those of stock kernels on it. */
  ratioToStockWebgpu: number | null;
  /** Our peak resident memory over PyTorch's, whole processes. */
  peakMemoryRatioToPyTorch: number | null;
  /** The same without what each process took before its model was made. */
  workingMemoryRatioToPyTorch: number | null;
  /** The spreads of the ratios of speed, and who is compared. */
  ratios: Record<string, NamedRatio>;
}

/** Starts those who are there, times them in turns and compares. */
export async function runStep(
  specs: readonly StepContender[],
  workload: Workload,
  pace: Pace,
  say: (message: string) => void = () => undefined,
): Promise<StepReport> {
  const { timed, absent } = await timeContenders(specs, pace, say);
  const results = timed.map((one) => result(one, workload.batch));
  return {
    benchmark: 'step',
    date: new Date().toISOString(),
    machine: describeMachine(),
    workload,
    pace,
    contenders: results,
    absent,
    ...ratios(results),
  };
}

function result({ spec, description, timing }: Timed<StepContender>, batch: number): StepResult {
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
