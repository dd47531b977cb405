import { setTimeout as wait } from 'node:timers/promises';
import type { StepTimes } from '../contender/protocol.js';
import { OtherWork } from './other-work.js';
import { mean, median } from './statistics.js';

/** What can be asked for steps: a contender. */
export interface Steps {
  steps(count: number): Promise<StepTimes>;
}

/** How long it all takes. */
export interface Pace {
  /** Turns of each contender. */
  rounds: number;
  /** A turn has as many steps as fit in, and at least one. */
  turnSeconds: number;
  /** Steps before the first turn, at the most; a contender whose step takes longer than a turn makes two. */
  warmUpSteps: number;
  /** Turns of a contender whose step takes longer than a turn. */
  slowRounds: number;
}

export const DEFAULT_PACE: Pace = { rounds: 7, turnSeconds: 2, warmUpSteps: 8, slowRounds: 3 };

/** What one contender did. */
export interface Course {
  /** The mean time of a step in each turn, in order of the rounds. */
  turns: number[];
  /** The mean processor time of a step in each turn, all threads together: other work disturbs it little. */
  processorTurns: number[];
  stepsPerTurn: number;
  warmUpSteps: number;
  loss: number;
  /** Cores that it kept busy, the median of the turns. */
  coresUsed: number;
  /** Cores that something else kept busy meanwhile, the median of the turns; where it is not near 0, mistrust the figures. */
  coresOfOthers: number;
}

/** Warms a contender up and finds how many steps make a turn. */
async function warmUp(
  contender: Steps,
  pace: Pace,
): Promise<Pick<Course, 'stepsPerTurn' | 'warmUpSteps'> & { slow: boolean }> {
  const budget = 1000 * pace.turnSeconds;
  // The first step makes the model and compiles; the second tells how long one takes.
  await contender.steps(1);
  let [last] = (await contender.steps(1)).milliseconds as [number];
  const slow = last > budget;
  if (!slow && pace.warmUpSteps > 2) {
    last = mean((await contender.steps(pace.warmUpSteps - 2)).milliseconds.slice(-3));
  }
  return {
    stepsPerTurn: Math.max(1, Math.round(budget / last)),
    warmUpSteps: slow ? 2 : Math.max(2, pace.warmUpSteps),
    slow,
  };
}

/**
 * Times contenders in turns, A B C, B C A, …: what disturbs the machine for a while disturbs all of them, and none always
 * comes after the same one.
 */
export async function interleave(
  contenders: readonly Steps[],
  pace: Pace,
  onTurn: (done: number, of: number) => void = () => undefined,
): Promise<Course[]> {
  const courses: (Turns & Awaited<ReturnType<typeof warmUp>>)[] = [];
  for (const contender of contenders) {
    courses.push({ ...(await warmUp(contender, pace)), ...noTurns() });
  }
  for (let round = 0; round < pace.rounds; round++) {
    onTurn(round, pace.rounds);
    for (let i = 0; i < contenders.length; i++) {
      const at = (round + i) % contenders.length;
      const course = courses[at];
      if (course.slow && round >= pace.slowRounds) continue;
      // Threads of the one before that spin for work come to rest.
      await wait(50);
      await takeTurn(contenders[at], course);
    }
  }
  onTurn(pace.rounds, pace.rounds);
  return courses.map(({ slow: _, used, others, ...course }) => ({
    ...course,
    coresUsed: median(used),
    coresOfOthers: median(others),
  }));
}

interface Turns extends Pick<Course, 'turns' | 'processorTurns' | 'loss'> {
  used: number[];
  others: number[];
}

function noTurns(): Turns {
  return { turns: [], processorTurns: [], used: [], others: [], loss: Number.NaN };
}

async function takeTurn(contender: Steps, course: Turns & { stepsPerTurn: number }): Promise<void> {
  const otherWork = new OtherWork();
  const { milliseconds, processor, loss } = await contender.steps(course.stepsPerTurn);
  course.others.push(otherWork.cores(processor));
  course.turns.push(mean(milliseconds));
  course.processorTurns.push(processor / milliseconds.length);
  course.used.push(processor / (mean(milliseconds) * milliseconds.length));
  course.loss = loss;
}
