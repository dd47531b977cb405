import { setTimeout as sleep } from 'node:timers/promises';
import { describeErrors, describeResults } from '@unitsphere/testing/communicator-contract';
import { afterEach, describe, expect, test } from 'vitest';
import { abortThreadGroup, createThreadGroup, ThreadCommunicator } from '../src/index.js';
import { Ranks } from './fixtures/ranks.js';

// With small windows even short arrays need many pieces.
const WINDOW = { windowBytes: 128 };

for (const size of [1, 2, 3, 4]) {
  describe('small windows', () => describeResults(size, () => new Ranks(size, WINDOW)));
  describe('default windows', () => describeResults(size, () => new Ranks(size)));
}

describeErrors((size) => new Ranks(size, WINDOW));

describe('abort', () => {
  let ranks: Ranks;
  afterEach(() => ranks.close());

  test('by the owner of the group works with a reason of any length', async () => {
    ranks = new Ranks(2);
    const waiting = ranks.call(1, 'barrier');
    await sleep(20);
    abortThreadGroup(ranks.group, `${'ü'.repeat(5000)}`);
    const { error } = (await waiting) as { error: string };
    expect(error).toContain('üüü');
    expect(error).not.toContain('\uFFFD');
  });

  test('at any moment during many calls leaves no rank waiting', async () => {
    for (let round = 0; round < 8; round++) {
      ranks = new Ranks(3, WINDOW);
      const calls = [0, 1, 2].map(async (rank) => {
        for (;;) {
          const outcome = await ranks.call(rank, 'allReduce', new Float32Array(500));
          if ('error' in outcome) return outcome.error;
        }
      });
      await sleep(60 + Math.random() * 20);
      abortThreadGroup(ranks.group, 'enough');
      for (const error of await Promise.all(calls)) {
        expect(error).toBe('CollectiveAbortedError: the group of replicas was aborted: enough');
      }
      await ranks.close();
    }
  });
});

describe('invalid groups', () => {
  test('are refused with the reason', () => {
    expect(() => createThreadGroup(0)).toThrow(/the size must be a positive integer, not 0/);
    expect(() => createThreadGroup(2, { windowBytes: 12 })).toThrow(
      /multiple of 8 and at least 8 per rank \(16\), not 12/,
    );
    expect(() => new ThreadCommunicator(createThreadGroup(2), 2)).toThrow(
      /the rank must be an integer from 0 to 1, not 2/,
    );
  });

  test("are refused on a page's main thread, with advice to use a Worker", () => {
    const { wait } = Atomics;
    try {
      Atomics.wait = () => {
        throw new TypeError('Atomics.wait cannot be called in this context');
      };
      expect(() => new ThreadCommunicator(createThreadGroup(1), 0)).toThrow(/Run the training in a Worker/);
    } finally {
      Atomics.wait = wait;
    }
  });
});
