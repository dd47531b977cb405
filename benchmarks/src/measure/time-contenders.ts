import type { ContenderSpec } from '../contender/contender.js';
import type { Description, MemoryFigures } from '../contender/protocol.js';
import { startAll } from '../contender/start-all.js';
import { type Course, interleave, type Pace } from './interleave.js';
import { type Summary, summarize } from './statistics.js';

/** A contender's figures. */
export interface Timing extends Omit<Course, 'turns' | 'processorTurns'> {
  id: string;
  label: string;
  /** Milliseconds of a step: of each turn the mean, of these the median and extremes. */
  stepMilliseconds: Summary & { turns: number[] };
  /** Processor milliseconds of a step, all threads together; they tell where a loaded machine makes the clock useless. */
  processorMilliseconds: Summary;
  /** Bytes. Peak of the whole process before anything of the benchmark was made. */
  footprint: number;
  memory: MemoryFigures;
}

/** One contender that was there. */
export interface Timed<Spec> {
  spec: Spec;
  description: Description;
  timing: Timing;
}

/** Starts those who are there, times them in turns, and ends them. */
export async function timeContenders<Spec extends ContenderSpec>(
  specs: readonly Spec[],
  pace: Pace,
  say: (message: string) => void,
): Promise<{ timed: Timed<Spec>[]; absent: Record<string, string> }> {
  say(`starting ${specs.map(({ label }) => label).join('; ')}`);
  const { running, absent, failure } = await startAll(specs);
  try {
    if (failure) throw failure;
    const courses = await interleave(
      running.map(({ contender }) => contender),
      pace,
      (done, of) => say(`round ${done} of ${of}`),
    );
    const timed: Timed<Spec>[] = [];
    for (const [i, { spec, contender }] of running.entries()) {
      const { turns, processorTurns, ...course } = courses[i];
      const timing: Timing = {
        id: spec.id,
        label: spec.label,
        ...course,
        stepMilliseconds: { ...summarize(turns), turns },
        processorMilliseconds: summarize(processorTurns),
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
