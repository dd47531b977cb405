import type { Contender } from '../contender/contender.js';
import type { Description, MemoryFigures } from '../contender/protocol.js';
import { startAll } from '../contender/start-all.js';
import { type Course, interleave, type Pace } from '../measure/interleave.js';
import { describeMachine, type Machine } from '../measure/machine.js';
import { type Summary, summarize } from '../measure/statistics.js';
import type { StepContender } from './contenders.js';
import { type NamedRatio, ratios } from './ratios.js';
import type { Workload } from './workload.js';

/** A contender's figures. */
export interface StepResult extends Omit<Course, 'turns' | 'processorTurns'> {
  id: string;
  label: string;
  family: StepContender['family'];
  backend: string;
  /** In no ratio. */
  extra: boolean;
  description: Description;
  /** Milliseconds of a step: of each turn the mean, of these the median and extremes. */
  stepMilliseconds: Summary & { turns: number[] };
  imagesPerSecond: Summary;
  /** Processor milliseconds of a step, all threads together; they tell where a loaded machine makes the clock useless. */
  processorMilliseconds: Summary;
  /** Bytes. Peak of the whole process after all steps. */
  peakRss: number;
  /** Bytes. Peak of the whole process before the model was made. */
  footprint: number;
  memory: MemoryFigures;
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
  say(`starting ${specs.map(({ label }) => label).join('; ')}`);
  const { running, absent, failure } = await startAll(specs);
  try {
    if (failure) throw failure;
    const courses = await interleave(
      running.map(({ contender }) => contender),
      pace,
      (done, of) => say(`round ${done} of ${of}`),
    );
    const results: StepResult[] = [];
    for (const [i, { spec, contender }] of running.entries()) {
      results.push(result(spec, contender, courses[i]!, await contender.memory(), workload.batch));
    }
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
  } finally {
    await Promise.all(running.map(({ contender }) => contender.close()));
  }
}

function result(
  { id, label, family, backend, extra = false }: StepContender,
  { description, footprint }: Contender,
  { turns, processorTurns, ...course }: Course,
  memory: MemoryFigures,
  batch: number,
): StepResult {
  return {
    id,
    label,
    family,
    backend,
    extra,
    description,
    ...course,
    stepMilliseconds: { ...summarize(turns), turns },
    processorMilliseconds: summarize(processorTurns),
    imagesPerSecond: summarize(turns.map((milliseconds) => (1000 * batch) / milliseconds)),
    peakRss: memory.peakRss,
    footprint,
    memory,
  };
}
