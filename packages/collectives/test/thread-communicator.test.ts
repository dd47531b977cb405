import { setTimeout as sleep } from 'node:timers/promises';
import fc from 'fast-check';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { abortThreadGroup, createThreadGroup, ThreadCommunicator } from '../src/index.js';
import { Ranks } from './fixtures/ranks.js';

// Small windows, so that short arrays need many pieces.
const WINDOW = { windowBytes: 128 };
const float = fc.float({ noNaN: true, noDefaultInfinity: true, min: -1000, max: 1000 });
const sizeOfArray = fc.oneof(fc.constantFrom(0, 1, 2, 3, 31, 32, 33), fc.integer({ min: 0, max: 400 }));
const arrays = (ranks: number, length: number) =>
  fc.array(fc.float32Array({ minLength: length, maxLength: length, noNaN: true, min: -1000, max: 1000 }), {
    minLength: ranks,
    maxLength: ranks,
  });
const runs = { numRuns: 40 };

/** The sum in rank order, each rounded. */
const sum = (inputs: Float32Array[]) =>
  Float32Array.from(inputs[0], (_, i) =>
    inputs.slice(1).reduce((total, input) => Math.fround(total + input[i]), inputs[0][i]),
  );

describe.each([1, 2, 3, 4])('a group of %i threads', (size) => {
  for (const [windows, options] of [
    ['small windows', WINDOW],
    ['windows as they are', undefined],
  ] as const) {
    describe(windows, () => {
      let ranks: Ranks;
      beforeAll(() => {
        ranks = new Ranks(size, options);
      });
      afterAll(() => ranks.close());

      test('allReduce gives every rank the sum, the mean or the maximum, to the bit', async () => {
        const cases = sizeOfArray.chain((length) =>
          fc.tuple(arrays(size, length), fc.constantFrom('sum', 'mean', 'max')),
        );
        await fc.assert(
          fc.asyncProperty(cases, async ([inputs, op]) => {
            const expected = {
              sum: sum(inputs),
              mean: sum(inputs).map((value) => value / size),
              max: Float32Array.from(inputs[0], (_, i) => Math.max(...inputs.map((x) => x[i]))),
            }[op];
            const given = await ranks.results<Float32Array>('allReduce', (rank) => [inputs[rank], op]);
            for (const result of given)
              expect(Buffer.from(result.buffer)).toEqual(Buffer.from(expected.buffer));
          }),
          runs,
        );
      });

      test('allReduce of large arrays and of doubles', async () => {
        for (const Type of [Float32Array, Float64Array]) {
          const input = (rank: number) =>
            new Type(200_001).map((_, i) => (i % 97) / (rank + 3)) as Float32Array;
          const expected = input(0);
          for (let rank = 1; rank < size; rank++) {
            const next = input(rank);
            for (let i = 0; i < next.length; i++) expected[i] += next[i];
          }
          for (const given of await ranks.results<Float32Array>('allReduce', (rank) => [input(rank)])) {
            expect(given.every((value, i) => value === expected[i])).toBe(true);
          }
        }
      });

      test('allGather puts arrays of any lengths behind one another', async () => {
        const cases = fc.array(
          fc.array(fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 }), { maxLength: 200 }),
          {
            minLength: size,
            maxLength: size,
          },
        );
        await fc.assert(
          fc.asyncProperty(cases, async (inputs) => {
            const given = await ranks.results('allGather', (rank) => [Int32Array.from(inputs[rank])]);
            for (const result of given) expect(result).toEqual(Int32Array.from(inputs.flat()));
            const root = inputs[0].length % size;
            const told = await ranks.all('gather', (rank) => [Int32Array.from(inputs[rank]), root]);
            expect(told[root]).toMatchObject({ result: Int32Array.from(inputs.flat()) });
          }),
          runs,
        );
      });

      test('reduceScatter gives each rank its part of the sum', async () => {
        const cases = fc.array(sizeOfArray, { minLength: size, maxLength: size }).chain((counts) =>
          fc.tuple(
            fc.constant(counts),
            arrays(
              size,
              counts.reduce((a, b) => a + b, 0),
            ),
          ),
        );
        await fc.assert(
          fc.asyncProperty(cases, async ([counts, inputs]) => {
            const total = sum(inputs);
            const given = await ranks.results('reduceScatter', (rank) => [inputs[rank], counts]);
            for (const [rank, result] of given.entries()) {
              const from = counts.slice(0, rank).reduce((a, b) => a + b, 0);
              expect(result).toEqual(total.slice(from, from + counts[rank]));
            }
          }),
          runs,
        );
      });

      test('reduceScatter leaves its input, and makes equal parts by default', async () => {
        const input = (rank: number) => Float32Array.from({ length: 3 * size }, (_, i) => i + rank);
        const told = await ranks.all('reduceScatter', (rank) => [input(rank)]);
        const total = sum(Array.from({ length: size }, (_, rank) => input(rank)));
        told.forEach((answer, rank) => {
          expect(answer).toEqual({ result: total.slice(3 * rank, 3 * rank + 3), given: input(rank) });
        });
      });

      test('broadcast gives every rank the values of root, whatever the type', async () => {
        const cases = fc.tuple(sizeOfArray, fc.integer({ min: 0, max: size - 1 }), float);
        await fc.assert(
          fc.asyncProperty(cases, async ([length, root, value]) => {
            for (const Type of [Float32Array, Float64Array, Int32Array, Uint8Array]) {
              const input = (rank: number) =>
                new Type(length).map((_, i) => value + i * (rank + 1)) as Float32Array;
              const given = await ranks.results('broadcast', (rank) => [input(rank), root]);
              for (const result of given) expect(result).toEqual(input(root));
            }
          }),
          { numRuns: 20 },
        );
      });

      test('barrier holds ranks back until the last has come', async () => {
        const early = Array.from({ length: size - 1 }, (_, rank) => ranks.ask(rank, 'barrier'));
        if (size > 1) expect(await Promise.race([early[0], sleep(30, 'waiting')])).toBe('waiting');
        await ranks.ask(size - 1, 'barrier');
        await Promise.all(early);
      });

      test('views into a larger buffer are read and written where they are', async () => {
        const given = await ranks.all('allReduce', (rank) => [
          new Float32Array(64).fill(rank + 1).subarray(8, 56),
          'max',
        ]);
        for (const told of given) {
          const { result } = told as { result: Float32Array };
          expect(
            [...new Float32Array(result.buffer)].filter((value) => value === size).length,
          ).toBeGreaterThanOrEqual(48);
          expect([...result]).toEqual(new Array(48).fill(size));
        }
      });
    });
  }
});

describe('NaN', () => {
  test('is the maximum wherever it is', async () => {
    const ranks = new Ranks(2);
    const input = [Float32Array.of(Number.NaN, 1, -0), Float32Array.of(1, Number.NaN, 0)];
    for (const result of await ranks.results('allReduce', (rank) => [input[rank], 'max'])) {
      expect(result).toEqual(Float32Array.of(Number.NaN, Number.NaN, 0));
    }
    await ranks.close();
  });
});

describe('calls that do not fit together', () => {
  let ranks: Ranks;
  afterEach(() => ranks.close());

  const cases: [string, [Parameters<Ranks['ask']>[1], unknown[]][], RegExp][] = [
    [
      'other operations',
      [
        ['allReduce', [new Float32Array(10), 'max']],
        ['allGather', [new Int32Array(7)]],
      ],
      /rank 0 called allReduce\(10 float32 values, max\); rank 1 called allGather\(7 int32 values\)$/,
    ],
    [
      'other lengths',
      [
        ['allReduce', [new Float32Array(10_000)]],
        ['allReduce', [new Float32Array(9_999)]],
      ],
      /rank 0 called allReduce\(10000 float32 values, sum\); rank 1 called allReduce\(9999 float32 values, sum\)$/,
    ],
    [
      'other roots',
      [
        ['broadcast', [new Uint8Array(3), 0]],
        ['broadcast', [new Uint8Array(3), 1]],
      ],
      /rank 0 called broadcast\(3 uint8 values, root 0\); rank 1 called broadcast\(3 uint8 values, root 1\)$/,
    ],
    [
      'other counts',
      [
        ['reduceScatter', [new Float32Array(4), [1, 3]]],
        ['reduceScatter', [new Float32Array(4), [2, 2]]],
      ],
      /rank 1 called reduceScatter\(4 float32 values\), with other counts$/,
    ],
    [
      'a barrier',
      [
        ['barrier', []],
        ['broadcast', [new Uint8Array(0)]],
      ],
      /rank 0 called barrier\(\); rank 1 called broadcast\(0 uint8 values, root 0\)$/,
    ],
  ];
  test.each(cases)(
    '%s: every rank throws, the data stays, and the group is over',
    async (_, calls, message) => {
      ranks = new Ranks(2, WINDOW);
      const told = await Promise.all(calls.map(([call, args], rank) => ranks.ask(rank, call, ...args)));
      for (const answer of told) {
        const { error } = answer as { error: string };
        expect(error).toMatch(/^CollectiveMismatchError: the ranks of a group did not make the same call: /);
        expect(error).toMatch(message);
      }
      expect(await ranks.ask(0, 'barrier')).toMatchObject({
        error: expect.stringMatching(/^CollectiveAbortedError/),
      });
    },
  );

  test('what is wrong by itself throws on the rank that called it', async () => {
    ranks = new Ranks(1);
    const error = async (...call: Parameters<Ranks['ask']>) =>
      ((await ranks.ask(...call)) as { error: string }).error;
    expect(await error(0, 'broadcast', new Float32Array(1), 1)).toMatch(
      /RangeError: .*root must be a rank from 0 to 0, not 1/,
    );
    expect(await error(0, 'reduceScatter', new Float32Array(3), [1])).toMatch(
      /add up to 1, but 3 values came/,
    );
    expect(await error(0, 'reduceScatter', new Float32Array(3), [1, 2])).toMatch(/2 counts came for 1 ranks/);
    expect(await error(0, 'allGather', [1, 2])).toMatch(
      /TypeError: allGather: the data must be a float32, float64, int32, uint8/,
    );
  });
});

describe('abort', () => {
  let ranks: Ranks;
  afterEach(() => ranks.close());

  test('by a rank wakes those that wait; they and all later calls throw its reason', async () => {
    ranks = new Ranks(3);
    const waiting = [ranks.ask(0, 'barrier'), ranks.ask(1, 'allReduce', new Float32Array(100_000))];
    await sleep(50);
    await ranks.ask(2, 'abort', new Error('the disk is full'));
    const error = 'CollectiveAbortedError: the group of replicas was ended: the disk is full';
    expect(await Promise.all(waiting)).toEqual([{ error }, { error }]);
    expect(await ranks.ask(2, 'allGather', new Float32Array(1))).toEqual({ error });
    // The first reason stays.
    await ranks.ask(0, 'abort', 'another');
    expect(await ranks.ask(0, 'barrier')).toEqual({ error });
  });

  test('by the owner of the group, with a reason of any length', async () => {
    ranks = new Ranks(2);
    const waiting = ranks.ask(1, 'barrier');
    await sleep(20);
    abortThreadGroup(ranks.group, `${'ü'.repeat(5000)}`);
    const { error } = (await waiting) as { error: string };
    expect(error).toContain('üüü');
    expect(error).not.toContain('\uFFFD');
  });

  test('at any moment of a storm of calls leaves no rank behind', async () => {
    for (let round = 0; round < 8; round++) {
      ranks = new Ranks(3, WINDOW);
      const storm = [0, 1, 2].map(async (rank) => {
        for (;;) {
          const told = await ranks.ask(rank, 'allReduce', new Float32Array(500));
          if ('error' in told) return told.error;
        }
      });
      await sleep(60 + Math.random() * 20);
      abortThreadGroup(ranks.group, 'enough');
      for (const error of await Promise.all(storm)) {
        expect(error).toBe('CollectiveAbortedError: the group of replicas was ended: enough');
      }
      await ranks.close();
    }
  });
});

describe('groups that cannot be', () => {
  test('are named', () => {
    expect(() => createThreadGroup(0)).toThrow(/the size must be an integer from 1, not 0/);
    expect(() => createThreadGroup(2, { windowBytes: 12 })).toThrow(
      /multiple of 8 and at least 8 a rank \(16\), not 12/,
    );
    expect(() => new ThreadCommunicator(createThreadGroup(2), 2)).toThrow(
      /the rank must be an integer from 0 to 1, not 2/,
    );
  });

  test("a page's own thread is told to use a Worker", () => {
    const { wait } = Atomics;
    try {
      Atomics.wait = () => {
        throw new TypeError('Atomics.wait cannot be called in this context');
      };
      expect(() => new ThreadCommunicator(createThreadGroup(1), 0)).toThrow(/run the training in a Worker/);
    } finally {
      Atomics.wait = wait;
    }
  });
});
