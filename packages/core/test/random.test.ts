import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { hashKey, Random } from '../src/index.js';

const draws = (random: Random, count: number) => Array.from({ length: count }, () => random.uint32());

describe('Random', () => {
  test('draws the same values in every version', () => {
    expect(draws(new Random(0), 3)).toEqual([1407663379, 704996884, 1060385765]);
    expect(draws(new Random(42, 'augment', 3, 17), 3)).toEqual([2052269012, 2591436891, 2040292588]);
    expect(new Random(7, 'a').uniform()).toBe(0.30439470198731444);
    // JavaScript does not specify the last bits of log and cos.
    expect(new Random(7, 'a').normal()).toBeCloseTo(0.08401556487282874, 12);
    expect([...new Random(7).permutation(8)]).toEqual([5, 2, 4, 6, 7, 3, 0, 1]);
    expect(hashKey(['identity', 12])).toBe(1076956238);
  });

  test('matches the recurrence of xoshiro128** in 64-bit arithmetic', () => {
    const random = new Random(123, 'reference');
    const key = [123, 'reference'];
    let s = [0x9e3779b9, 0x243f6a88, 0xb7e15162].map((seed) => BigInt(hashKey(key, seed)));
    s.push(BigInt((hashKey(key, 0xdeadbeef) | 1) >>> 0));
    const u32 = (x: bigint) => BigInt.asUintN(32, x);
    const rotl = (x: bigint, k: bigint) => u32((x << k) | (u32(x) >> (32n - k)));
    for (let i = 0; i < 100; i++) {
      const expected = u32(rotl(u32(s[1] * 5n), 7n) * 9n);
      const t = u32(s[1] << 9n);
      let [a, b, c, d] = s;
      c ^= a;
      d ^= b;
      b ^= c;
      a ^= d;
      c ^= t;
      s = [a, b, c, rotl(d, 11n)];
      expect(random.uint32()).toBe(Number(expected));
    }
  });

  test('draws the same numbers for the same key, and other numbers for any other key', () => {
    const part = fc.oneof(fc.integer(), fc.string(), fc.double({ noNaN: true, noDefaultInfinity: true }));
    const key = fc.array(part, { minLength: 1, maxLength: 4 });
    fc.assert(
      fc.property(key, key, (a, b) => {
        expect(draws(new Random(...a), 4)).toEqual(draws(new Random(...a), 4));
        const same = a.length === b.length && a.every((x, i) => Object.is(x, b[i]));
        if (!same) expect(draws(new Random(...a), 4)).not.toEqual(draws(new Random(...b), 4));
      }),
      { numRuns: 500 },
    );
    for (const [a, b] of [
      [['ab'], ['a', 'b']],
      [
        [1, 2],
        [2, 1],
      ],
      [[1], ['1']],
      [[1], [1, '']],
    ]) {
      expect(draws(new Random(...a), 2)).not.toEqual(draws(new Random(...b), 2));
    }
  });

  test('forks into the stream of the extended key, independent of its own draws', () => {
    const root = new Random(5);
    const fork = root.fork('layer', 2);
    const first = draws(root, 3);
    draws(fork, 10);
    expect(draws(new Random(5, 'layer', 2), 2)).toEqual(draws(new Random(5).fork('layer').fork(2), 2));
    expect([...first, ...draws(root, 3)]).toEqual(draws(new Random(5), 6));
  });

  test('draws uncorrelated streams for similar keys', () => {
    const n = 4000;
    for (const [a, b] of [
      [
        [1, 'epoch', 0],
        [1, 'epoch', 1],
      ],
      [[1], [2]],
      [
        [9, 'x', 0],
        [9, 'y', 0],
      ],
    ]) {
      const [left, right] = [new Random(...a), new Random(...b)];
      let sum = 0;
      for (let i = 0; i < n; i++) sum += (left.uniform() - 0.5) * (right.uniform() - 0.5);
      // Standard deviation of the correlation of independent streams: 1/√n.
      expect(Math.abs((sum / n) * 12)).toBeLessThan(5 / Math.sqrt(n));
    }
    // The first draws of many keys are uniform.
    const firsts = Array.from({ length: n }, (_, i) => new Random(1, 'sample', i).uniform());
    expect(
      chiSquare(
        firsts.map((x) => Math.floor(x * 20)),
        20,
      ),
    ).toBeLessThan(60);
  });

  test('uniform covers its range evenly', () => {
    const random = new Random(11);
    const values = Array.from({ length: 20_000 }, () => random.uniform(-2, 3));
    expect(Math.min(...values)).toBeGreaterThanOrEqual(-2);
    expect(Math.max(...values)).toBeLessThan(3);
    expect(
      chiSquare(
        values.map((x) => Math.floor((x + 2) * 10)),
        50,
      ),
    ).toBeLessThan(110);
  });

  test('normal has the moments of the normal distribution', () => {
    const random = new Random(12);
    const n = 20_000;
    const z = Array.from({ length: n }, () => (random.normal(3, 2) - 3) / 2);
    const moment = (p: number) => z.reduce((sum, x) => sum + x ** p, 0) / n;
    expect(Math.abs(moment(1))).toBeLessThan(5 / Math.sqrt(n));
    expect(Math.abs(moment(2) - 1)).toBeLessThan(5 * Math.sqrt(2 / n));
    expect(Math.abs(moment(3))).toBeLessThan(5 * Math.sqrt(15 / n));
    expect(Math.abs(moment(4) - 3)).toBeLessThan(5 * Math.sqrt(96 / n));
  });

  test('int has no bias, even if 2^32 is not a multiple of n', () => {
    const random = new Random(13);
    const six = Array.from({ length: 12_000 }, () => random.int(6));
    expect(chiSquare(six, 6)).toBeLessThan(30);
    // A plain remainder would draw the lowest third of the range in 1/2 of all cases instead of 1/3.
    const n = 3 * 2 ** 30;
    const low = Array.from({ length: 6000 }, () => random.int(n)).filter((x) => x < n / 3).length / 6000;
    expect(Math.abs(low - 1 / 3)).toBeLessThan(0.03);
    expect(random.int(1)).toBe(0);
    expect(random.int(2 ** 32)).toBeLessThan(2 ** 32);
  });

  test('boolean, pick, shuffle and permutation are uniform', () => {
    const random = new Random(14);
    const share = Array.from({ length: 10_000 }, () => random.boolean(0.3)).filter(Boolean).length / 10_000;
    expect(Math.abs(share - 0.3)).toBeLessThan(0.025);
    expect([random.boolean(0), random.boolean(1)]).toEqual([false, true]);
    const picks = Array.from({ length: 5000 }, () => random.pick(['a', 'b', 'c', 'd']));
    expect(
      chiSquare(
        picks.map((x) => 'abcd'.indexOf(x)),
        4,
      ),
    ).toBeLessThan(25);
    // All 24 orders of four items are equally likely.
    const orders = Array.from({ length: 12_000 }, () => [...random.permutation(4)].join(''));
    const names = [...new Set(orders)];
    expect(names.length).toBe(24);
    expect(
      chiSquare(
        orders.map((x) => names.indexOf(x)),
        24,
      ),
    ).toBeLessThan(65);
    const list = ['x', 'y', 'z'];
    expect(random.shuffle(list)).toBe(list);
    expect([...list].sort()).toEqual(['x', 'y', 'z']);
    expect([...random.permutation(0)]).toEqual([]);
  });

  test('refuses empty keys, non-finite numbers, invalid ranges and empty lists', () => {
    expect(() => new Random()).toThrow(/key is empty/);
    expect(() => new Random(Number.NaN)).toThrow(/must be finite, not NaN/);
    expect(() => new Random(1).fork(Number.POSITIVE_INFINITY)).toThrow(/must be finite/);
    for (const n of [0, -1, 1.5, 2 ** 32 + 1, Number.NaN])
      expect(() => new Random(1).int(n)).toThrow(RangeError);
    expect(() => new Random(1).pick([])).toThrow(/list is empty/);
  });
});

/** Returns Σ (seen − expected)² / expected over bins of equal probability. */
function chiSquare(bins: number[], count: number): number {
  const seen = new Array<number>(count).fill(0);
  for (const bin of bins) seen[bin]++;
  const expected = bins.length / count;
  return seen.reduce((sum, n) => sum + (n - expected) ** 2 / expected, 0);
}
