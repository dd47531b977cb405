import { expect, test } from 'vitest';
import { distillationWeight } from '../src/index.js';

test('grows linearly in the warm-up, then stays constant', () => {
  const at = (step: number) => distillationWeight(step, { weight: 2, warmupSteps: 4 });
  expect([0, 1, 4, 1000].map(at)).toEqual([0, 0.5, 2, 2]);
});

test('decays linearly or by a cosine to the final weight, and stays there', () => {
  const plan = { weight: 1, warmupSteps: 10, finalWeight: 0.2, steps: 30 };
  const linear = (step: number) => distillationWeight(step, { ...plan, decay: 'linear' });
  const cosine = (step: number) => distillationWeight(step, { ...plan, decay: 'cosine' });
  expect([10, 30, 40].map(linear)).toEqual([1, 0.2, 0.2]);
  expect(linear(20)).toBeCloseTo(0.6, 12);
  expect(cosine(10)).toBe(1);
  expect(cosine(15)).toBeCloseTo(0.2 + 0.4 * (1 + Math.SQRT1_2), 12);
  expect(cosine(20)).toBeCloseTo(0.6, 12);
  expect(cosine(50)).toBeCloseTo(0.2, 12);
});

test.each([
  [-1, { weight: 1 }, /step must be/],
  [0, { weight: -1 }, /weight must be/],
  [0, { weight: 1, warmupSteps: 0.5 }, /warmupSteps must be/],
  [5, { weight: 1, decay: 'linear' }, /requires steps/],
  [5, { weight: 1, decay: 'exponential' as 'linear', steps: 9 }, /constant, linear or cosine/],
  [5, { weight: 1, warmupSteps: 5, decay: 'cosine', steps: 4 }, /must not be more than steps/],
] as const)('refuses step %s of %o', (step, schedule, message) => {
  expect(() => distillationWeight(step, schedule)).toThrow(message);
});
