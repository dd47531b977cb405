import type { Description } from '../contender/protocol.js';
import type { Pace } from '../measure/interleave.js';
import type { Machine } from '../measure/machine.js';
import type { Summary } from '../measure/statistics.js';
import type { Timing } from '../measure/time-contenders.js';
import type { StepContender } from './contenders.js';
import type { Workload } from './workload.js';

/** The figures of a contender. */
export interface StepResult extends Timing {
  family: StepContender['family'];
  backend: string;
  /** Whether the contender is excluded from all ratios. */
  extra: boolean;
  description: Description;
  imagesPerSecond: Summary;
  /** Peak memory of the whole process after all steps, in bytes. */
  peakRss: number;
}

/** A ratio of speeds, with the ids of the two contenders. */
export interface NamedRatio extends Summary {
  ours: string;
  theirs: string;
  /** Whether the steps are compared by processor time, which other processes hardly affect. */
  byProcessor?: boolean;
}

/** The ratios between contenders. A ratio is null if one of its contenders is absent. */
export interface StepRatios {
  /** Our images/s over PyTorch's: our fastest number of replicas, with native kernels where they are built, over PyTorch's fastest eager setting. */
  ratioToPyTorch: number | null;
  /** The same without native kernels; null where `ratioToPyTorch` has none either. */
  wasmRatioToPyTorch: number | null;
  /** Our images/s on our default backend over those of the stock kernels on `cpu`. */
  ratioToStockCpu: number | null;
  /** Our images/s on `webgpu` over those of the stock kernels on it. */
  ratioToStockWebgpu: number | null;
  /** Our peak resident memory over PyTorch's, whole processes. */
  peakMemoryRatioToPyTorch: number | null;
  /** The same without the memory that each process used before its model was created. */
  workingMemoryRatioToPyTorch: number | null;
  /** Spreads of the ratios of speed, and the contenders compared. */
  ratios: Record<string, NamedRatio>;
}

/** The report of `bench step`. */
export interface StepReport extends StepRatios {
  benchmark: 'step';
  date: string;
  machine: Machine;
  workload: Workload;
  pace: Pace;
  contenders: StepResult[];
  /** Reason why a contender is absent, by its id. */
  absent: Record<string, string>;
}
