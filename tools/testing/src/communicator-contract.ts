/** Tests that every implementation of `Communicator` passes. Test files register them with their own way to start ranks. */
import { setTimeout as sleep } from 'node:timers/promises';
import fc from 'fast-check';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { CallName, CallOutcome } from './communicator-calls.js';

/** A group whose ranks make calls on request. */
export abstract class RanksUnderTest {
  abstract readonly size: number;

  /** Makes a call on a rank and returns its outcome. */
  abstract call(rank: number, call: CallName, ...args: unknown[]): Promise<CallOutcome>;

  abstract close(): Promise<void>;

  /** Makes a call on every rank at once. */
  all(call: CallName, args: (rank: number) => unknown[]): Promise<CallOutcome[]> {
    return Promise.all(Array.from({ length: this.size }, (_, rank) => this.call(rank, call, ...args(rank))));
  }

  /** Makes a call on every rank at once and returns the results. @throws Error if a call fails. */
  async results<T>(call: CallName, args: (rank: number) => unknown[]): Promise<T[]> {
    return (await this.all(call, args)).map((outcome) => {
      if ('error' in outcome) throw new Error(outcome.error);
      return outcome.result as T;
    });
  }
}

/** Starts a group. */
export type StartRanks = (size: number) => RanksUnderTest | Promise<RanksUnderTest>;

const float = fc.float({ noNaN: true, noDefaultInfinity: true, min: -1000, max: 1000 });
const sizeOfArray = fc.oneof(fc.constantFrom(0, 1, 2, 3, 31, 32, 33), fc.integer({ min: 0, max: 400 }));
const arrays = (ranks: number, length: number) =>
  fc.array(fc.float32Array({ minLength: length, maxLength: length, noNaN: true, min: -1000, max: 1000 }), {
    minLength: ranks,
    maxLength: ranks,
  });

const bytesOf = ({ buffer, byteOffset, byteLength }: Float32Array) =>
  Buffer.from(buffer, byteOffset, byteLength);

/** Sums in rank order and rounds each sum. */
const sumOf = (inputs: Float32Array[]) =>
  Float32Array.from(inputs[0], (_, i) =>
    inputs.slice(1).reduce((total, input) => Math.fround(total + input[i]), inputs[0][i]),
  );

/**
 * Registers the tests of results.
 * @param options.numRuns Number of random cases per property; default 40.
 * @param options.largeLength Length of the arrays that need several exchanges; default 200,001.
 */
export function describeResults(
  size: number,
  start: StartRanks,
  { numRuns = 40, largeLength = 200_001 }: { numRuns?: number; largeLength?: number } = {},
): void {
  describe(`results on ${size} ${size === 1 ? 'rank' : 'ranks'}`, () => {
    let ranks: RanksUnderTest;
    beforeAll(async () => {
      ranks = await start(size);
    });
    afterAll(() => ranks.close());

    test('allReduce gives every rank the sum, the mean or the maximum, bit for bit', async () => {
      const cases = sizeOfArray.chain((length) =>
        fc.tuple(arrays(size, length), fc.constantFrom('sum', 'mean', 'max')),
      );
      await fc.assert(
        fc.asyncProperty(cases, async ([inputs, op]) => {
          const expected = {
            sum: sumOf(inputs),
            mean: sumOf(inputs).map((value) => value / size),
            max: Float32Array.from(inputs[0], (_, i) => Math.max(...inputs.map((x) => x[i]))),
          }[op];
          const given = await ranks.results<Float32Array>('allReduce', (rank) => [inputs[rank], op]);
          for (const result of given) expect(bytesOf(result)).toEqual(bytesOf(expected));
        }),
        { numRuns },
      );
    });

    test('allReduce handles large arrays and doubles', async () => {
      for (const Type of [Float32Array, Float64Array]) {
        const input = (rank: number) =>
          new Type(largeLength).map((_, i) => (i % 97) / (rank + 3)) as Float32Array;
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

    test('allGather concatenates arrays of any lengths', async () => {
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
          const outcomes = await ranks.all('gather', (rank) => [Int32Array.from(inputs[rank]), root]);
          expect(outcomes[root]).toMatchObject({ result: Int32Array.from(inputs.flat()) });
        }),
        { numRuns },
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
          const total = sumOf(inputs);
          const given = await ranks.results('reduceScatter', (rank) => [inputs[rank], counts]);
          for (const [rank, result] of given.entries()) {
            const from = counts.slice(0, rank).reduce((a, b) => a + b, 0);
            expect(result).toEqual(total.slice(from, from + counts[rank]));
          }
        }),
        { numRuns },
      );
    });

    test('reduceScatter keeps its input and makes equal parts by default', async () => {
      const input = (rank: number) => Float32Array.from({ length: 3 * size }, (_, i) => i + rank);
      const outcomes = await ranks.all('reduceScatter', (rank) => [input(rank)]);
      const total = sumOf(Array.from({ length: size }, (_, rank) => input(rank)));
      outcomes.forEach((answer, rank) => {
        expect(answer).toEqual({ result: total.slice(3 * rank, 3 * rank + 3), given: input(rank) });
      });
    });

    test('broadcast gives every rank the values of root, for every type', async () => {
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
        { numRuns: Math.ceil(numRuns / 2) },
      );
    });

    test('barrier waits for the last rank', async () => {
      const early = Array.from({ length: size - 1 }, (_, rank) => ranks.call(rank, 'barrier'));
      if (size > 1) expect(await Promise.race([early[0], sleep(30, 'waiting')])).toBe('waiting');
      await ranks.call(size - 1, 'barrier');
      await Promise.all(early);
    });

    test('views into a larger buffer are read and written in place', async () => {
      const given = await ranks.all('allReduce', (rank) => [
        new Float32Array(64).fill(rank + 1).subarray(8, 56),
        'max',
      ]);
      for (const outcome of given) {
        const { result } = outcome as { result: Float32Array };
        expect(
          [...new Float32Array(result.buffer)].filter((value) => value === size).length,
        ).toBeGreaterThanOrEqual(48);
        expect([...result]).toEqual(new Array(48).fill(size));
      }
    });

    if (size === 2) {
      test('NaN is the maximum on whichever rank it occurs', async () => {
        const input = [Float32Array.of(Number.NaN, 1, -0), Float32Array.of(1, Number.NaN, 0)];
        for (const result of await ranks.results('allReduce', (rank) => [input[rank], 'max'])) {
          expect(result).toEqual(Float32Array.of(Number.NaN, Number.NaN, 0));
        }
      });
    }
  });
}

/**
 * Registers the tests of errors.
 * @param options.mismatches Number of the mismatches that are tested; default all. Each starts a group.
 */
export function describeErrors(start: StartRanks, { mismatches }: { mismatches?: number } = {}): void {
  describe('calls that differ between ranks', () => {
    let ranks: RanksUnderTest;
    afterEach(() => ranks.close());

    const cases: [string, [Parameters<RanksUnderTest['call']>[1], unknown[]][], RegExp][] = [
      [
        'different operations',
        [
          ['allReduce', [new Float32Array(10), 'max']],
          ['allGather', [new Int32Array(7)]],
        ],
        /rank 0 called allReduce\(10 float32 values, max\); rank 1 called allGather\(7 int32 values\)$/,
      ],
      [
        'different lengths',
        [
          ['allReduce', [new Float32Array(10_000)]],
          ['allReduce', [new Float32Array(9_999)]],
        ],
        /rank 0 called allReduce\(10000 float32 values, sum\); rank 1 called allReduce\(9999 float32 values, sum\)$/,
      ],
      [
        'different roots',
        [
          ['broadcast', [new Uint8Array(3), 0]],
          ['broadcast', [new Uint8Array(3), 1]],
        ],
        /rank 0 called broadcast\(3 uint8 values, root 0\); rank 1 called broadcast\(3 uint8 values, root 1\)$/,
      ],
      [
        'different counts',
        [
          ['reduceScatter', [new Float32Array(4), [1, 3]]],
          ['reduceScatter', [new Float32Array(4), [2, 2]]],
        ],
        /rank 1 called reduceScatter\(4 float32 values\), with different counts$/,
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
    test.each(cases.slice(0, mismatches))(
      '%s: every rank throws and the group is aborted',
      async (_, calls, message) => {
        ranks = await start(2);
        const outcomes = await Promise.all(
          calls.map(([call, args], rank) => ranks.call(rank, call, ...args)),
        );
        for (const answer of outcomes) {
          const { error } = answer as { error: string };
          expect(error).toMatch(/^CollectiveMismatchError: the ranks of a group made different calls: /);
          expect(error).toMatch(message);
        }
        expect(await ranks.call(0, 'barrier')).toMatchObject({
          error: expect.stringMatching(/^CollectiveAbortedError/),
        });
      },
    );

    test('an invalid argument throws on the rank that passed it', async () => {
      ranks = await start(1);
      const error = async (...call: Parameters<RanksUnderTest['call']>) =>
        ((await ranks.call(...call)) as { error: string }).error;
      expect(await error(0, 'broadcast', new Float32Array(1), 1)).toMatch(
        /RangeError: .*root must be a rank from 0 to 0, not 1/,
      );
      expect(await error(0, 'reduceScatter', new Float32Array(3), [1])).toMatch(
        /add up to 1, but there are 3 values/,
      );
      expect(await error(0, 'reduceScatter', new Float32Array(3), [1, 2])).toMatch(
        /there are 2 counts for 1 ranks/,
      );
      expect(await error(0, 'allGather', [1, 2])).toMatch(
        /TypeError: allGather: the data must be a float32, float64, int32, uint8/,
      );
    });
  });

  describe('abort', () => {
    let ranks: RanksUnderTest;
    afterEach(() => ranks.close());

    test('by a rank wakes the waiting ranks, and all calls throw its reason', async () => {
      ranks = await start(3);
      const waiting = [ranks.call(0, 'barrier'), ranks.call(1, 'allReduce', new Float32Array(100_000))];
      await sleep(50);
      await ranks.call(2, 'abort', new Error('the disk is full'));
      const error = 'CollectiveAbortedError: the group of replicas was aborted: the disk is full';
      expect(await Promise.all(waiting)).toEqual([{ error }, { error }]);
      expect(await ranks.call(2, 'allGather', new Float32Array(1))).toEqual({ error });
      // The first reason is kept.
      await ranks.call(0, 'abort', 'another');
      expect(await ranks.call(0, 'barrier')).toEqual({ error });
    });
  });
}
