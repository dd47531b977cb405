import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { wilsonInterval } from '../src/index.js';
import golden from './golden.json';

describe('wilsonInterval', () => {
  test('agrees with SciPy', () => {
    for (const { successes, trials, z, low, high } of golden.wilson) {
      const interval = wilsonInterval(successes, trials, z);
      expect(interval.low).toBeCloseTo(low, 12);
      expect(interval.high).toBeCloseTo(high, 12);
    }
  });

  test('contains the rate and stays in [0, 1]', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 1e9 }), fc.double({ min: 0, max: 1, noNaN: true }), (n, part) => {
        const successes = Math.floor(n * part);
        const { low, high } = wilsonInterval(successes, n);
        expect(low).toBeGreaterThanOrEqual(0);
        expect(low).toBeLessThanOrEqual(successes / n);
        expect(high).toBeGreaterThanOrEqual(successes / n);
        expect(high).toBeLessThanOrEqual(1);
      }),
    );
  });

  test('says what is wrong with bad input', () => {
    expect(() => wilsonInterval(0, 0)).toThrow('trials must be an integer of at least 1');
    expect(() => wilsonInterval(4, 3)).toThrow('successes must be an integer in 0…3');
    expect(() => wilsonInterval(1, 3, 0)).toThrow('z must be a positive number');
  });
});
