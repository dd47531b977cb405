/** Compares the registry with the class of each distillation loss. */
import { describe, expect, test } from 'vitest';
import {
  createDistillationLoss,
  type DistillationLossName,
  type DistillationSetting,
  describeDistillationLoss,
  listDistillationLosses,
} from '../src/index.js';

const settingsOf = (name: DistillationLossName) =>
  Object.entries<DistillationSetting>(describeDistillationLoss(name).settings);

test('describes kl', () => {
  expect(describeDistillationLoss('kl')).toEqual({
    name: 'kl',
    settings: {
      temperature: {
        type: 'number',
        default: 0.05,
        exclusiveMinimum: 0,
        description: 'Divisor of the unit vectors before the softmax.',
      },
      timesTemperatureSquared: {
        type: 'boolean',
        default: false,
        description: 'Whether to multiply the loss by temperature², as Hinton et al. (2015) do.',
      },
    },
  });
});

describe.each(listDistillationLosses())('%s', (name) => {
  test('is created under its own name', () => {
    expect(createDistillationLoss(name).name).toBe(name);
  });

  test('has the defaults of the class', () => {
    const loss = createDistillationLoss(name);
    for (const [key, setting] of settingsOf(name)) {
      if (key in loss) expect([key, loss[key as keyof typeof loss]]).toEqual([key, setting.default]);
      createDistillationLoss(name, { [key]: setting.default });
    }
  });

  test('refuses numbers outside their limits', () => {
    for (const [key, setting] of settingsOf(name)) {
      if (setting.type !== 'number') continue;
      for (const value of [setting.exclusiveMinimum, Number.NaN, Infinity]) {
        expect(() => createDistillationLoss(name, { [key]: value })).toThrow(RangeError);
      }
    }
  });
});

test('refuses to describe an unknown name', () => {
  expect(() => describeDistillationLoss('toString' as DistillationLossName)).toThrow(
    'describeDistillationLoss: there is no loss "toString". Known: reference, kl,',
  );
});
