import type { ContenderSpec } from '../contender/contender.js';
import type { Description, MemoryFigures } from '../contender/protocol.js';
import { startAll } from '../contender/start-all.js';
import { interleave, type Measurement, type Pace } from './interleave.js';
import { type Summary, summarize } from './statistics.js';

/** The figures of a contender. */
export interface Timing extends Omit<Measurement, 'turns' | 'processorTurns'> {
  id: string;
  label: string;
  /** Wall-clock time of a step: mean of each turn (`turns`), and their median and extremes. */
  stepMilliseconds: Summary & { turns: number[] };
  /** Processor time of a step over all threads. Meaningful even if other processes slow the clock time down. */
  processorMilliseconds: Summary & { turns?: number[] };
  /** Peak memory of the whole process before it created anything for the benchmark, in bytes. */
  footprint: number;
  memory: MemoryFigures;
}

/** A contender that could run, with its figures. */
export interface TimedContender<Spec> {
  spec: Spec;
  description: Description;
  timing: Timing;
}

/**
 * Starts the contenders that can run on this machine, times them in turns, and ends them.
 * @returns The figures of the contenders, and the reasons of the absent ones by their id.
 */
export async function timeContenders<Spec extends ContenderSpec>(
  specs: readonly Spec[],
  pace: Pace,
  log: (message: string) => void,
): Promise<{ timed: TimedContender<Spec>[]; absent: Record<string, string> }> {
  log(`starting ${specs.map(({ label }) => label).join('; ')}`);
  const { running, absent, failure } = await startAll(specs);
  try {
    if (failure) throw failure;
    const measurements = await interleave(
      running.map(({ contender }) => contender),
      pace,
      (done, of) => log(`round ${done} of ${of}`),
    );
    const timed: TimedContender<Spec>[] = [];
    for (const [i, { spec, contender }] of running.entries()) {
      const { turns, processorTurns, ...measurement } = measurements[i];
      const timing: Timing = {
        id: spec.id,
        label: spec.label,
        ...measurement,
        stepMilliseconds: { ...summarize(turns), turns },
        processorMilliseconds: { ...summarize(processorTurns), turns: processorTurns },
        footprint: contender.footprint,
        memory: await contender.memory(),
      };
      timed.push({ spec, description: contender.description, timing });
    }
    return { timed, absent };
  } finally {
    await Promise.all(running.map(({ contender }) => contender.close()));
  }
}
