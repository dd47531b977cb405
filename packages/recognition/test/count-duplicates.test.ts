import { Random } from '@unitsphere/core/random';
import { expect, test } from 'vitest';
import { countDuplicates } from '../src/calibration/count-duplicates.js';

/** Scores whose distances are the quantiles of a power law, from the nearest on. */
const tail = (count: number, power: number, farthest = 0.5) =>
  Array.from({ length: count }, (_, n) => 1 - farthest * ((n + 0.5) / count) ** (1 / power));

test('finds no duplicate where the scores follow their tail', () => {
  for (const power of [2, 5, 20]) {
    for (const count of [3, 10, 100, 1000]) expect(countDuplicates(tail(count, power))).toBe(0);
  }
  expect(countDuplicates([])).toBe(0);
  expect(countDuplicates([0.9])).toBe(0);
  expect(countDuplicates([1, 1])).toBe(0);
});

test('finds duplicates in at most 2 % of random tails without any', () => {
  const random = new Random(1, 'tails');
  for (const power of [2, 8, 32]) {
    for (const count of [10, 50, 250]) {
      let alarms = 0;
      for (let n = 0; n < 1000; n++) {
        const scores = Array.from({ length: count }, () => 1 - 0.5 * random.uniform(0, 1) ** (1 / power));
        if (countDuplicates(scores.sort((a, b) => b - a)) > 0) alarms++;
      }
      expect(alarms, `power ${power}, ${count} pairs`).toBeLessThanOrEqual(20);
    }
  }
});

test('finds one pair and several pairs above a gap', () => {
  expect(countDuplicates([0.9998, ...tail(10, 5)])).toBe(1);
  expect(countDuplicates([1, ...tail(100, 5)])).toBe(1);
  expect(countDuplicates([1, 0.9999, 0.999, 0.9985, 0.997, ...tail(100, 5)])).toBe(5);
});

test('keeps designs that resemble each other', () => {
  // Half of the distance of the next pair: more than a tail with this power, but the ratio is less than 5.
  const scores = tail(100, 20);
  expect(countDuplicates([1 - (1 - scores[0]) / 4, ...scores])).toBe(0);
  expect(countDuplicates([1 - (1 - scores[0]) / 6, ...scores])).toBe(1);
});

test('finds at most a tenth of the pairs', () => {
  const twins = Array.from({ length: 20 }, (_, n) => 1 - 1e-5 * (n + 1));
  expect(countDuplicates([...twins, ...tail(100, 5)])).toBe(0);
});
