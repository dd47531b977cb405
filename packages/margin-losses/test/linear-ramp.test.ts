import { expect, test } from 'vitest';
import { linearRamp } from '../src/index.js';

test('rises linearly, then stays constant', () => {
  const ramp = { from: 0.1, to: 0.5, steps: 4 };
  expect([0, 1, 2, 3, 4, 100].map((step) => linearRamp(step, ramp))).toEqual(
    [0.1, 0.2, 0.3, 0.4, 0.5, 0.5].map((v) => expect.closeTo(v, 12)),
  );
  expect(linearRamp(3, { from: 64, to: 16, steps: 6 })).toBe(40);
  expect(linearRamp(0, { from: 0, to: 0.4, steps: 0 })).toBe(0.4);
});

test('refuses a negative or fractional step and values that are not finite', () => {
  expect(() => linearRamp(-1, { from: 0, to: 1, steps: 2 })).toThrow(/step must be/);
  expect(() => linearRamp(1, { from: 0, to: 1, steps: 2.5 })).toThrow(/steps must be/);
  expect(() => linearRamp(1, { from: 0, to: Number.NaN, steps: 2 })).toThrow(/to must be a finite/);
});
