import { Random } from '@unitsphere/core/random';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  adjustPValues,
  betaQuantile,
  bootstrapMean,
  compareArms,
  correctForMultipleTests,
  pairedDifference,
  pairedTPower,
  seedsToResolve,
  summarize,
} from '../src/statistics.js';
import golden from './golden/statistics.json';

function expectInterval(actual: { low: number; high: number }, expected: typeof actual, within: number) {
  expect(Math.abs(actual.low - expected.low)).toBeLessThanOrEqual(within);
  expect(Math.abs(actual.high - expected.high)).toBeLessThanOrEqual(within);
}

describe('summarize', () => {
  test('agrees with SciPy', () => {
    for (const { values, confidence, mean, std, interval } of golden.summaries) {
      const ours = summarize(values, confidence);
      expect(ours.n).toBe(values.length);
      expect(ours.mean).toBeCloseTo(mean, 11);
      expect(ours.std).toBeCloseTo(std, 11);
      // jstat's t quantile is accurate to 8 digits.
      expectInterval(ours.interval!, interval, 1e-7 * (interval.high - interval.low));
    }
  });

  test('leaves out the deviation of one value, and is exactly 0 for equal values', () => {
    expect(summarize([0.7])).toEqual({ n: 1, mean: 0.7 });
    expect(summarize([0.1, 0.1, 0.1])).toEqual({
      n: 3,
      mean: 0.1,
      std: 0,
      interval: { low: 0.1, high: 0.1 },
    });
  });

  test('says what is wrong with bad input', () => {
    expect(() => summarize([])).toThrow('values is empty');
    expect(() => summarize([1, Number.NaN])).toThrow('values[1] is NaN');
    expect(() => summarize([1, 2], 95)).toThrow('confidence must be between 0 and 1 (both excluded), got 95');
  });
});

describe('bootstrapMean', () => {
  test('matches a full enumeration in NumPy for few values', () => {
    for (const { values, confidence, percentile, bca } of golden.exactBootstrap) {
      const ours = bootstrapMean(values, { confidence });
      expect(ours.exact).toBe(true);
      expectInterval(ours.percentile, percentile, 1e-12);
      expectInterval(ours.bca, bca, 1e-12);
    }
  });

  test('agrees with SciPy on more values, up to sampling error', () => {
    for (const { values, confidence, percentile, bca } of golden.randomBootstrap) {
      const ours = bootstrapMean(values, { confidence, resamples: 50_000, seed: 3 });
      expect(ours.exact).toBe(false);
      const width = percentile.high - percentile.low;
      expectInterval(ours.percentile, percentile, 0.02 * width);
      expectInterval(ours.bca, bca, 0.02 * width);
    }
  });

  test('is deterministic for a seed', () => {
    const values = Array.from({ length: 20 }, (_, k) => Math.sin(k));
    const run = (seed: number) => bootstrapMean(values, { seed, resamples: 500 });
    expect(run(1)).toEqual(run(1));
    expect(run(1)).not.toEqual(run(2));
  });

  test('returns a point for equal values, and says what is wrong with bad input', () => {
    expect(bootstrapMean([2, 2, 2]).bca).toEqual({ low: 2, high: 2 });
    expect(() => bootstrapMean([1])).toThrow('at least 2 values');
    expect(() => bootstrapMean([1, 2], { resamples: 5 })).toThrow('resamples');
  });
});

describe('pairedDifference', () => {
  test("matches SciPy's p-value", () => {
    for (const { base, arm, pValue } of golden.paired) {
      const ours = pairedDifference(base, arm);
      expect(Math.abs(ours.pValue! / pValue - 1)).toBeLessThan(1e-6);
      expect(ours.interval!.low > 0 || ours.interval!.high < 0).toBe(pValue < 0.05);
    }
  });

  test('cancels the variation that a pair shares', () => {
    const { mean, std, pValue } = pairedDifference([0, 8, 16], [1, 9, 17]);
    expect([mean, std, pValue]).toEqual([1, 0, 0]);
    expect(pairedDifference([1, 2], [1, 2])).toMatchObject({ pValue: 1, seedsToResolve: null });
  });

  test('has no test for one pair, and says what is wrong with bad input', () => {
    expect(pairedDifference([1], [3])).toEqual({ n: 1, mean: 2, differences: [2] });
    expect(() => pairedDifference([1, 2], [1])).toThrow('base has 2 values and arm has 1');
  });
});

describe('power', () => {
  test("matches SciPy's noncentral t distribution", () => {
    for (const { effect, n, alpha, power } of golden.power) {
      expect(Math.abs(pairedTPower(effect, n, alpha) - power)).toBeLessThan(1e-7);
    }
  });

  test('requires as many seeds as a search with SciPy finds', () => {
    for (const { mean, std, alpha, power, seeds } of golden.seeds) {
      const ours = seedsToResolve(mean, std, { alpha, power })!;
      // Above 2,000 the normal distribution is used.
      expect(Math.abs(ours - seeds)).toBeLessThanOrEqual(seeds > 2000 ? seeds / 1000 : 0);
    }
  });

  test('reaches the requested power in a simulation with the returned number of seeds, and not with one less', () => {
    const TRIALS = 3000;
    const simulatePower = (mean: number, n: number) => {
      const random = new Random('power', mean, n);
      let tests = 0;
      for (let trial = 0; trial < TRIALS; trial++) {
        // The t test rejects a mean of 0 exactly if the interval excludes it.
        const { low, high } = summarize(Array.from({ length: n }, () => random.normal(mean, 1))).interval!;
        if (low > 0 || high < 0) tests++;
      }
      return tests / TRIALS;
    };
    // Three standard errors of a power of 0.8.
    const error = 3 * Math.sqrt((0.8 * 0.2) / TRIALS);
    for (const mean of [2, 1, 0.5]) {
      const seeds = seedsToResolve(mean, 1)!;
      expect(simulatePower(mean, seeds)).toBeGreaterThan(0.8 - error);
      expect(simulatePower(mean, seeds - 1)).toBeLessThan(0.8 + error);
    }
    expect([2, 1, 0.5].map((mean) => seedsToResolve(mean, 1))).toEqual([5, 10, 34]);
  });

  test('handles zero mean and zero deviation, and says what is wrong with bad input', () => {
    expect(seedsToResolve(0, 1)).toBeNull();
    expect(seedsToResolve(1, 0)).toBe(2);
    expect(() => seedsToResolve(1, -1)).toThrow('std must be');
    expect(() => seedsToResolve(Number.NaN, 1)).toThrow('mean must be');
    expect(() => seedsToResolve(1, 1, { power: 1 })).toThrow('power must be');
    expect(() => pairedTPower(1, 1)).toThrow('n must be');
  });
});

describe('adjustPValues', () => {
  test('matches the golden values of its definition', () => {
    for (const { pValues, adjusted } of golden.holm) {
      adjustPValues(pValues).forEach((p, k) => {
        expect(p).toBeCloseTo(adjusted[k], 14);
      });
    }
    expect(adjustPValues([])).toEqual([]);
    expect(() => adjustPValues([0.5, 1.5])).toThrow('pValues[1] is 1.5');
  });

  test('never lowers a p-value and keeps the order', () => {
    fc.assert(
      fc.property(fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 12 }), (pValues) => {
        const adjusted = adjustPValues(pValues);
        for (let i = 0; i < pValues.length; i++) {
          expect(adjusted[i]).toBeGreaterThanOrEqual(pValues[i]);
          for (let j = 0; j < pValues.length; j++) {
            if (pValues[i] < pValues[j]) expect(adjusted[i]).toBeLessThanOrEqual(adjusted[j]);
          }
        }
      }),
    );
  });
});

describe('correctForMultipleTests', () => {
  test('refuses a difference that has no test, and accepts an empty list', () => {
    const one = pairedDifference([1], [2]);
    expect(() => correctForMultipleTests([one])).toThrow('A difference of 1 pair has no test.');
    expect(correctForMultipleTests([])).toEqual([]);
  });

  test('keeps a single difference unchanged, and requires more seeds for several', () => {
    const difference = pairedDifference([1, 2, 3], [2, 3.5, 4]);
    const [alone] = correctForMultipleTests([difference]);
    expect(alone).toEqual({ difference, adjustedPValue: difference.pValue });
    const both = correctForMultipleTests([difference, difference]);
    for (const one of both) {
      expect(one.adjustedPValue).toBe(2 * difference.pValue!);
      expect(one.difference.seedsToResolve).toBeGreaterThan(difference.seedsToResolve!);
    }
    expect(difference.seedsToResolve).toBe(alone.difference.seedsToResolve);
  });
});

describe('compareArms', () => {
  const makeRuns = (arm: string, values: number[], first = 1) =>
    values.map((value, k) => ({ arm, seed: first + k, value }));
  const runs = [
    ...makeRuns('base', [0.9, 0.91, 0.89, 0.9]),
    ...makeRuns('better', [0.95, 0.961, 0.94, 0.951]),
    ...makeRuns('worse', [0.8, 0.812, 0.79, 0.801]),
    ...makeRuns('same', [0.91, 0.9, 0.9, 0.9]),
    ...makeRuns('once', [0.5]),
    ...makeRuns('elsewhere', [0.5, 0.6], 7),
  ];

  test('calls an arm different only if the data resolve it, and drops no arm', () => {
    const { base, arms } = compareArms(runs, 'base');
    expect(base).toEqual({ arm: 'base', summary: summarize([0.9, 0.91, 0.89, 0.9]) });
    expect(arms.map(({ arm, verdict }) => [arm, verdict])).toEqual([
      ['better', 'higher'],
      ['worse', 'lower'],
      ['same', 'unresolved'],
      ['once', 'untested'],
      ['elsewhere', 'untested'],
    ]);
    expect(arms.map(({ seeds }) => seeds)).toEqual([[1, 2, 3, 4], [1, 2, 3, 4], [1, 2, 3, 4], [1], []]);
    expect(arms[3].unpairedSeeds).toEqual([2, 3, 4]);
    expect(arms[4].unpairedSeeds).toEqual([1, 2, 3, 4, 7, 8]);
    expect(arms[4].difference).toBeUndefined();
    const raw = arms.slice(0, 3).map(({ difference }) => difference!.pValue!);
    expect(arms.slice(0, 3).map(({ adjustedPValue }) => adjustedPValue)).toEqual(adjustPValues(raw));
    // seedsToResolve uses the level of one test among three, as the verdict does.
    const { mean, std, seedsToResolve: seeds } = arms[2].difference!;
    expect(seeds).toBe(seedsToResolve(mean, std!, { alpha: 0.05 / 3 }));
    expect(seeds).toBeGreaterThan(seedsToResolve(mean, std!)!);
  });

  test('pairs by seed, in any order of runs', () => {
    const order = (comparison: ReturnType<typeof compareArms>) =>
      comparison.arms
        .map(({ arm, difference }) => ({ arm, mean: difference?.mean }))
        .sort((x, y) => (x.arm < y.arm ? -1 : 1));
    expect(order(compareArms([...runs].reverse(), 'base'))).toEqual(order(compareArms(runs, 'base')));
  });

  test('says what is wrong with bad input', () => {
    expect(() => compareArms(runs, 'basis')).toThrow(
      'The base arm "basis" has no run. Arms with runs: base, better',
    );
    expect(() => compareArms([...runs, { arm: 'same', seed: 2, value: 1 }], 'base')).toThrow(
      'two runs with seed 2',
    );
    expect(() => compareArms([{ arm: 'base', seed: 1, value: Number.NaN }], 'base')).toThrow(
      'arm "base", seed 1, is NaN',
    );
  });

  test('keeps the family-wise error rate in studies without any difference', () => {
    // 400 studies of 3 arms equal to the base: at level 0.05 about 20 report a difference, and 36 is 3.6 σ above.
    const random = new Random(1);
    const normal = () => random.normal();
    let wrong = 0;
    for (let study = 0; study < 400; study++) {
      const arms = ['base', 'a', 'b', 'c'].flatMap((arm) => makeRuns(arm, Array.from({ length: 4 }, normal)));
      if (compareArms(arms, 'base').arms.some(({ verdict }) => verdict !== 'unresolved')) wrong++;
    }
    expect(wrong).toBeLessThan(36);
    expect(wrong).toBeGreaterThan(0);
  }, 60_000);
});

test.each([
  // By scipy.stats.beta.ppf.
  { p: 0.025, a: 10, b: 990, quantile: 0.00481033 },
  { p: 0.975, a: 10, b: 990, quantile: 0.01703275 },
  { p: 0.025, a: 0.1, b: 50, quantile: 1.16884217e-18 },
  { p: 0.975, a: 0.1, b: 50, quantile: 0.019541629 },
  { p: 0.025, a: 1, b: 20, quantile: 0.00126509 },
])('computes the $p quantile of Beta($a, $b)', ({ p, a, b, quantile }) => {
  expect(betaQuantile(p, a, b) / quantile).toBeCloseTo(1, 5);
});
