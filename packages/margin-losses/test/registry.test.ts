/** Compares the registry with the class of each loss. */
import { describe, expect, test } from 'vitest';
import * as classes from '../src/index.js';
import {
  createMarginLoss,
  describeMarginLoss,
  listMarginLosses,
  type MarginLossName,
  type MarginLossSetting,
  type NumberSetting,
} from '../src/registry.js';

const settingsOf = (name: MarginLossName) =>
  Object.entries<MarginLossSetting>(describeMarginLoss(name).settings);
const create = (name: MarginLossName, options: object) => createMarginLoss(name, options);
const numbers = listMarginLosses().flatMap((name) =>
  settingsOf(name).flatMap(([key, setting]) =>
    setting.type === 'number' ? [[name, key, setting] as const] : [],
  ),
);

test('lists every class of the package', () => {
  const created = listMarginLosses().map((name) => createMarginLoss(name).constructor);
  const exported = Object.values(classes).filter((value) => 'target' in (value.prototype ?? {}));
  expect(new Set(created)).toEqual(new Set(exported));
});

test('describes cosface', () => {
  expect(describeMarginLoss('cosface')).toEqual({
    name: 'cosface',
    description: 'cosine − margin',
    settings: {
      margin: {
        type: 'number',
        default: 0.4,
        minimum: 0,
        exclusiveMaximum: 2,
        description: "Value subtracted from the label's cosine.",
      },
    },
    needsNorms: false,
    hasStatistics: false,
  });
});

describe.each(listMarginLosses())('%s', (name) => {
  test('has one-sentence descriptions', () => {
    expect(describeMarginLoss(name).description).toMatch(/^\S.*[^.]$/);
    for (const [, { description }] of settingsOf(name)) expect(description).toMatch(/^[A-Z].*\.$/);
  });

  test('says whether the loss needs norms and has statistics', () => {
    const loss: classes.LabelMarginLoss = createMarginLoss(name);
    const { needsNorms, hasStatistics } = describeMarginLoss(name);
    expect(loss.needsNorms ?? false).toBe(needsNorms);
    expect(loss.statistics !== undefined).toBe(hasStatistics);
  });

  test('has the defaults of the class', () => {
    const loss = createMarginLoss(name) as unknown as Record<string, unknown>;
    const accessors = settingsOf(name).filter(([key]) => key in loss);
    for (const [key, setting] of accessors) expect([key, loss[key]]).toEqual([key, setting.default]);
    create(name, Object.fromEntries(settingsOf(name).map(([key, setting]) => [key, setting.default])));
  });

  test('accepts every choice and refuses another', () => {
    for (const [key, setting] of settingsOf(name)) {
      if (setting.type === 'number') continue;
      for (const value of setting.type === 'string' ? setting.enum : [true, false]) {
        create(name, { [key]: value });
      }
      if (setting.type === 'string') expect(() => create(name, { [key]: 'other' })).toThrow(RangeError);
    }
  });

  test('refuses an option that the loss does not have', () => {
    expect(() => create(name, { sharpness: 1 })).toThrow(
      `createMarginLoss: the loss "${name}" has no option "sharpness". Its options are scale, gradient, checkNumerics`,
    );
  });
});

test.each(numbers)('%s accepts %s exactly within its limits', (name, key, setting) => {
  const { minimum, exclusiveMinimum, maximum, exclusiveMaximum }: NumberSetting = setting;
  const tries = (value: number) => () => create(name, { [key]: value });
  const inside = [minimum, maximum].filter((value) => value !== undefined);
  const outside = [exclusiveMinimum, exclusiveMaximum].filter((value) => value !== undefined);
  if (minimum !== undefined) outside.push(minimum - 1e-9);
  if (maximum !== undefined) outside.push(maximum + 1e-9);
  if (exclusiveMinimum !== undefined) inside.push(exclusiveMinimum + 1e-9);
  inside.push(exclusiveMaximum === undefined ? (maximum ?? 1e9) : exclusiveMaximum - 1e-9);
  for (const value of inside) expect(tries(value), `${value}`).not.toThrow();
  for (const value of [...outside, Number.NaN, Infinity])
    expect(tries(value), `${value}`).toThrow(RangeError);
});

test('refuses an unknown name and lists the known ones', () => {
  const unknown = 'toString' as MarginLossName;
  expect(() => createMarginLoss(unknown)).toThrow(
    'createMarginLoss: there is no loss "toString". Known: cosface, arcface, combined,',
  );
  expect(() => describeMarginLoss(unknown)).toThrow('describeMarginLoss: there is no loss "toString".');
});
