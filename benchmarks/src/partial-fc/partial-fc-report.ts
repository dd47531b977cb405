import type { Pace } from '../measure/interleave.js';
import type { Machine } from '../measure/machine.js';
import type { Summary } from '../measure/statistics.js';
import type { Timing } from '../measure/time-contenders.js';
import type { ClassesContender, RateContender } from './contenders.js';
import type { DiskFigures } from './measure-disk.js';
import type { StoreName } from './start-head.js';
import type { HeadWorkload } from './workload.js';

/** A part of the benchmark. */
export type Part = 'classes' | 'rate';

export type ClassesResult = Timing & Pick<ClassesContender, 'classes' | 'cold'>;
export type RateResult = Timing & Pick<RateContender, 'role' | 'ranks'>;

/** Time of a step with the most classes over that with the fewest. */
export interface ClassesRatios {
  ratioWarm: number;
  ratioCold: number;
  /** The same ratios with their spreads. */
  ratios: { warm: Summary; cold: Summary };
}

/** Comparison of one store and number of ranks with the full softmax and PyTorch. */
export interface StoreRatios {
  /** Time of a step of the full softmax over that of the sampled step. */
  ratioToFullSoftmax: Summary;
  /** Peak memory of the whole process over that of the full softmax. */
  memoryRatioToFullSoftmax: number;
  /** The same without the memory that each process used before its head was created. */
  workingMemoryRatioToFullSoftmax: number;
  /** Time of a step of PyTorch's fastest setting over that of ours. Null if PyTorch is absent. */
  ratioToPyTorch: Summary | null;
  /** The same for PyTorch's setting that corresponds to insightface's published step, with autograd. */
  ratioToPublished: Summary | null;
  /**
   * Processor time of a step of PyTorch's by-hand gradient on one thread over that of ours, which other processes hardly affect.
   * Null if it is absent, and absent from older reports.
   */
  processorRatioToPyTorch?: Summary | null;
}

/** Ratios of the second part. The ratios to the full softmax are those of the file store with one rank. */
export interface RateRatios {
  ratioToFullSoftmax: number;
  memoryRatioToFullSoftmax: number;
  workingMemoryRatioToFullSoftmax: number;
  /** Ratio of our fastest setting to PyTorch's fastest one. Null if PyTorch is absent. */
  ratioToPyTorch: number | null;
  /** Our ratios by store and number of ranks. */
  ours: (StoreRatios & { store: StoreName; ranks: number })[];
  /** Id of our fastest setting. */
  fastest: string;
  /** Id of PyTorch's fastest setting. Null if PyTorch is absent. */
  pytorch: string | null;
}

/** The report of `bench partial-fc`. */
export interface PartialFCReport {
  benchmark: 'partial-fc';
  date: string;
  machine: Machine;
  pace: Pace;
  /** The step as the number of classes grows. Absent if this part was not run. */
  classes?: ClassesRatios & {
    /** When this part was measured, if the other part was measured later. */
    date?: string;
    workload: Omit<HeadWorkload, 'classes'>;
    results: ClassesResult[];
    disk: DiskFigures;
  };
  /** Comparison with the full softmax and PyTorch. Absent if this part was not run. */
  rate?: RateRatios & {
    date?: string;
    workload: HeadWorkload;
    results: RateResult[];
    /** Version of PyTorch. Absent if PyTorch is absent, and from older reports. */
    pytorchVersion?: string;
    /** Reason why a contender is absent, by its id. */
    absent: Record<string, string>;
  };
}
