import { describe, expect, test } from 'vitest';
import { mean, median, pairedRatio, summarize } from '../src/measure/statistics.js';

describe('statistics', () => {
  test('takes the middle of an odd count and the mean of the middle two of an even one', () => {
    expect(median([9, 1, 5])).toBe(5);
    expect(median([10, 9, 1, 2])).toBe(5.5);
    expect(median([7])).toBe(7);
  });

  test('leaves the values in their order', () => {
    const values = [3, 1, 2];
    median(values);
    expect(values).toEqual([3, 1, 2]);
  });

  test('refuses to summarize nothing', () => {
    expect(() => median([])).toThrow('there are no values');
  });

  test('summarizes', () => {
    expect(summarize([4, 1, 3])).toEqual({ median: 3, low: 1, high: 4, repetitions: 3 });
    expect(mean([1, 2, 6])).toBe(3);
  });

  test('compares values that were measured together, and only those', () => {
    // Twice as slow in each round, though one round was ten times as slow for both.
    expect(pairedRatio([2, 20, 2], [1, 10, 1, 500])).toEqual({ median: 2, low: 2, high: 2, repetitions: 3 });
  });
});
