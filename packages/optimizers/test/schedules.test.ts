import fc from 'fast-check';
import { expect, test } from 'vitest';
import { constantSchedule, cosineSchedule, polynomialSchedule } from '../src/index.js';

const steps = (count: number) => Array.from({ length: count }, (_, k) => k);

test('polynomial: warms up from 1/warmupSteps, decays linearly, then stays at the end', () => {
  const schedule = polynomialSchedule({ totalSteps: 8, warmupSteps: 4 });
  expect(steps(10).map(schedule)).toEqual([0.25, 0.5, 0.75, 1, 1, 0.75, 0.5, 0.25, 0, 0]);
});

test('polynomial: supports a power and an end', () => {
  const schedule = polynomialSchedule({ totalSteps: 4, power: 2, end: 0.2 });
  expect(steps(6).map(schedule)).toEqual(
    [1, 0.2 + 0.8 * 0.5625, 0.2 + 0.8 * 0.25, 0.2 + 0.8 * 0.0625, 0.2, 0.2].map((v) => expect.closeTo(v, 12)),
  );
});

test('constant: warms up, then keeps the full rate', () => {
  const schedule = constantSchedule({ warmupSteps: 2 });
  expect([0, 1, 2, 100].map(schedule)).toEqual([0.5, 1, 1, 1]);
  expect(constantSchedule()(0)).toBe(1);
  expect(() => schedule(-1)).toThrow(/step/);
});

test('cosine: matches values computed by hand', () => {
  const schedule = cosineSchedule({ totalSteps: 6, warmupSteps: 2, end: 0.1 });
  const half = Math.SQRT1_2 / 2;
  expect(steps(7).map(schedule)).toEqual(
    [0.5, 1, 1, 0.1 + 0.9 * (0.5 + half), 0.1 + 0.45, 0.1 + 0.9 * (0.5 - half), 0.1].map((v) =>
      expect.closeTo(v, 12),
    ),
  );
});

test('every schedule rises during warm-up, then falls, and stays in (0, 1] before its end', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 60 }),
      fc.nat(60),
      fc.double({ min: 0, max: 0.9, noNaN: true }),
      (totalSteps, warm, end) => {
        const warmupSteps = Math.min(warm, totalSteps);
        const options = { totalSteps, warmupSteps, end };
        for (const schedule of [polynomialSchedule({ ...options, power: 1.5 }), cosineSchedule(options)]) {
          const factors = steps(totalSteps + 2).map(schedule);
          if (warmupSteps > 0) expect(factors[0]).toBe(1 / warmupSteps);
          factors.forEach((factor, k) => {
            expect(factor).toBeLessThanOrEqual(1);
            if (k < totalSteps) expect(factor).toBeGreaterThan(0);
            else expect(factor).toBe(end);
            if (k > 0 && k < warmupSteps) expect(factor).toBeGreaterThan(factors[k - 1]);
            if (k > warmupSteps) expect(factor).toBeLessThanOrEqual(factors[k - 1]);
          });
        }
      },
    ),
  );
});

test('refuses options and steps out of range', () => {
  expect(() => polynomialSchedule({ totalSteps: 0 })).toThrow(/totalSteps must be an integer of at least 1/);
  expect(() => polynomialSchedule({ totalSteps: 5, warmupSteps: 6 })).toThrow(
    /warmupSteps 6 must not exceed totalSteps 5/,
  );
  expect(() => polynomialSchedule({ totalSteps: 5, warmupSteps: 0.1 })).toThrow(
    /warmupSteps must be an integer/,
  );
  expect(() => polynomialSchedule({ totalSteps: 5, power: 0 })).toThrow(/power/);
  expect(() => cosineSchedule({ totalSteps: 5, end: 1 })).toThrow(/end must be in \[0, 1\)/);
  expect(() => cosineSchedule({ totalSteps: 5 })(-1)).toThrow(/step must be an integer of at least 0/);
  expect(() => cosineSchedule({ totalSteps: 5 })(1.5)).toThrow(RangeError);
});
