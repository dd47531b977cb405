import { describe, expect, test } from 'vitest';
import { interleave } from '../src/measure/interleave.js';

/** Creates a contender that reports a fixed time for its steps, and logs its calls. */
function createContender(name: string, milliseconds: number, log: string[]) {
  return {
    async steps(count: number) {
      log.push(`${name}${count}`);
      return {
        milliseconds: Array<number>(count).fill(milliseconds),
        processor: milliseconds * count * 2,
        loss: 1,
      };
    },
  };
}

const pace = { rounds: 3, turnSeconds: 0.1, warmUpSteps: 4, slowRounds: 2 };

describe('interleave', () => {
  test('warms each contender up, then gives turns of equal length and rotates the order', async () => {
    const log: string[] = [];
    const [a, b] = await interleave([createContender('a', 10, log), createContender('b', 50, log)], pace);
    expect(log).toEqual([
      ...['a1', 'a1', 'a2', 'b1', 'b1', 'b2'],
      ...['a10', 'b2', 'b2', 'a10', 'a10', 'b2'],
    ]);
    expect(a).toMatchObject({
      turns: [10, 10, 10],
      processorTurns: [20, 20, 20],
      stepsPerTurn: 10,
      warmUpSteps: 4,
      loss: 1,
      coresUsed: 2,
    });
    expect(b).toMatchObject({ turns: [50, 50, 50], stepsPerTurn: 2 });
    expect(a.coresOfOthers).toBeGreaterThanOrEqual(0);
  });

  test('gives a slow contender two steps of warm-up, one step per turn and fewer turns', async () => {
    const log: string[] = [];
    const [a, b] = await interleave([createContender('a', 101, log), createContender('b', 100, log)], pace);
    expect(a).toMatchObject({ turns: [101, 101], stepsPerTurn: 1, warmUpSteps: 2 });
    expect(b.turns).toHaveLength(3);
  });
});
