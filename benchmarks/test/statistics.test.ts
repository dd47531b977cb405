import { describe, expect, test } from 'vitest';
import { mean, median, pairedRatio, summarize } from '../src/measure/statistics.js';

describe('statistics', () => {
  test('returns the middle value of an odd number and the mean of the two middle ones of an even number', () => {
    expect(median([9, 1, 5])).toBe(5);
    expect(median([10, 9, 1, 2])).toBe(5.5);
    expect(median([7])).toBe(7);
  });

  test('does not reorder the values', () => {
    const values = [3, 1, 2];
    median(values);
    expect(values).toEqual([3, 1, 2]);
  });

  test('refuses an empty list', () => {
    expect(() => median([])).toThrow('values must not be empty');
  });

  test('summarizes values by median, extremes and number', () => {
    expect(summarize([4, 1, 3])).toEqual({ median: 3, low: 1, high: 4, repetitions: 3 });
    expect(mean([1, 2, 6])).toBe(3);
  });

  test('compares only values that were measured together', () => {
    // Twice as slow in each round, although one round was ten times as slow for both.
    expect(pairedRatio([2, 20, 2], [1, 10, 1, 500])).toEqual({ median: 2, low: 2, high: 2, repetitions: 3 });
  });
});
