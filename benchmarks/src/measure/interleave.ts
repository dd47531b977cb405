import { setTimeout as wait } from 'node:timers/promises';
import type { StepTimes } from '../contender/protocol.js';
import { OtherWork } from './other-work.js';
import { mean, median } from './statistics.js';

/** The part of a contender that can be timed. */
export interface Timeable {
  steps(count: number): Promise<StepTimes>;
}

/** Number and length of the turns. */
export interface Pace {
  /** Turns of each contender. */
  rounds: number;
  /** Length of a turn, in seconds. A turn has as many steps as fit, and at least one. */
  turnSeconds: number;
  /** Maximum number of steps before the first turn. A contender whose step is longer than a turn runs only two. */
  warmUpSteps: number;
  /** Turns of a contender whose step is longer than a turn. */
  slowRounds: number;
}

export const DEFAULT_PACE: Pace = { rounds: 7, turnSeconds: 2, warmUpSteps: 8, slowRounds: 3 };

/** The times measured for one contender. */
export interface Measurement {
  /** Mean wall-clock time of a step in each turn in milliseconds, ordered by round. */
  turns: number[];
  /** Mean processor time of a step in each turn in milliseconds, over all threads. Other work hardly affects it. */
  processorTurns: number[];
  stepsPerTurn: number;
  warmUpSteps: number;
  /** Loss of the last step. */
  loss: number;
  /** Cores that the contender kept busy, median of the turns. */
  coresUsed: number;
  /** Cores that other processes kept busy, median of the turns. The times are unreliable unless it is near 0. */
  coresOfOthers: number;
}

/** Warms a contender up and determines the number of steps in a turn. */
async function warmUp(
  contender: Timeable,
  pace: Pace,
): Promise<Pick<Measurement, 'stepsPerTurn' | 'warmUpSteps'> & { slow: boolean }> {
  const budget = 1000 * pace.turnSeconds;
  // The first step creates the model and compiles. The second gives the time of a step.
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
 * Times contenders in turns: A B C, B C A, … A temporary disturbance of the machine therefore affects all of them, and none
 * always runs after the same one.
 */
export async function interleave(
  contenders: readonly Timeable[],
  pace: Pace,
  onTurn: (done: number, of: number) => void = () => undefined,
): Promise<Measurement[]> {
  const records: (TurnRecord & Awaited<ReturnType<typeof warmUp>>)[] = [];
  for (const contender of contenders) {
    records.push({ ...(await warmUp(contender, pace)), ...createTurnRecord() });
  }
  for (let round = 0; round < pace.rounds; round++) {
    onTurn(round, pace.rounds);
    for (let i = 0; i < contenders.length; i++) {
      const at = (round + i) % contenders.length;
      const record = records[at];
      if (record.slow && round >= pace.slowRounds) continue;
      // Threads of the previous contender may still spin, waiting for work.
      await wait(50);
      await takeTurn(contenders[at], record);
    }
  }
  onTurn(pace.rounds, pace.rounds);
  return records.map(({ slow: _, used, others, ...record }) => ({
    ...record,
    coresUsed: median(used),
    coresOfOthers: median(others),
  }));
}

interface TurnRecord extends Pick<Measurement, 'turns' | 'processorTurns' | 'loss'> {
  used: number[];
  others: number[];
}

function createTurnRecord(): TurnRecord {
  return { turns: [], processorTurns: [], used: [], others: [], loss: Number.NaN };
}

async function takeTurn(contender: Timeable, record: TurnRecord & { stepsPerTurn: number }): Promise<void> {
  const otherWork = new OtherWork();
  const { milliseconds, processor, loss } = await contender.steps(record.stepsPerTurn);
  record.others.push(otherWork.cores(processor));
  record.turns.push(mean(milliseconds));
  record.processorTurns.push(processor / milliseconds.length);
  record.used.push(processor / (mean(milliseconds) * milliseconds.length));
  record.loss = loss;
}
