import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { parseConfig } from '../src/config/parse-config.js';
import { createShape, findSettingProblem, type RegistrySettings } from '../src/config/registry-settings.js';

const registry: RegistrySettings = {
  section: 'loss',
  selector: 'name',
  entries: {
    one: {
      angle: { type: 'number', default: 0.5, minimum: 0, exclusiveMaximum: Math.PI, description: 'Angle.' },
      mode: { type: 'string', enum: ['a', 'b'], default: 'a', description: 'Mode of one.' },
      parts: { type: 'number', default: 3, minimum: 1, integer: true, description: 'Parts.' },
      size: { type: 'number', default: 3, integer: true, description: 'Size.' },
    },
    two: {
      angle: { type: 'number', default: 2, exclusiveMinimum: 1, maximum: 4, description: 'Factor.' },
      mode: { type: 'string', enum: ['b', 'c'], default: 'c', description: 'Mode of two.' },
      size: { type: 'number', default: 0.5, description: 'Length.' },
      fast: { type: 'boolean', default: false, description: 'Whether it is fast.' },
    },
    three: {},
  },
};

describe('createShape', () => {
  test('accepts every value that one of the entries accepts', () => {
    expect(z.toJSONSchema(z.strictObject(createShape(registry))).properties).toEqual({
      angle: {
        description: 'one: Angle; default 0.5. two: Factor; default 2.',
        type: 'number',
        minimum: 0,
        maximum: 4,
      },
      mode: {
        description: 'one: Mode of one; default a. two: Mode of two; default c.',
        type: 'string',
        enum: ['a', 'b', 'c'],
      },
      parts: {
        description: 'Parts. Only with name: one. Default 3.',
        type: 'integer',
        minimum: 1,
        maximum: Number.MAX_SAFE_INTEGER,
      },
      size: { description: 'one: Size; default 3. two: Length; default 0.5.', type: 'number' },
      fast: { description: 'Whether it is fast. Only with name: two. Default false.', type: 'boolean' },
    });
  });

  test('refuses entries whose settings have one name and different types', () => {
    const mode = { type: 'boolean', default: false, description: 'Mode.' } as const;
    const entries = { ...registry.entries, four: { mode } };
    expect(() => createShape({ ...registry, entries })).toThrow(
      'The entries of a registry have different types for "mode"; rename one of the settings.',
    );
  });
});

test.each([
  ['one', 'angle', 3, undefined],
  ['one', 'angle', 4, 'must be below 3.1416 for one, not 4'],
  ['one', 'angle', -1, 'must be at least 0 for one, not -1'],
  ['two', 'angle', 1, 'must be above 1 for two, not 1'],
  ['two', 'angle', 5, 'must be at most 4 for two, not 5'],
  ['one', 'parts', 4, undefined],
  ['one', 'size', 2.5, 'must be an integer for one, not 2.5'],
  ['two', 'size', 2.5, undefined],
  ['two', 'mode', 'a', '"a" is not a choice for two; choose b or c'],
  [
    'one',
    'fast',
    true,
    'one has no fast (only angle, mode, parts and size); use it with name: two, or leave it out (--set loss.fast=)',
  ],
  [
    'three',
    'mode',
    'a',
    'three has no mode; use it with name: one or two, or leave it out (--set loss.mode=)',
  ],
])('checks that %s accepts %s: %s', (entry, key, value, problem) => {
  expect(findSettingProblem(registry, entry, key, value)).toBe(problem);
});

test.each([
  ['m1: 0.5', 'loss.m1: must be at least 1, not 0.5'],
  ['m2: 3.2', 'loss.m2: must be below 3.1416, not 3.2'],
  ['m3: 2', 'loss.m3: must be below 2, not 2'],
  ['form: insightface', '"insightface" is not a choice; choose sphereface or sphereface-r'],
])('refuses %s for the combined margin before the training', (setting, problem) => {
  expect(() => parseConfig(`loss: { name: combined, ${setting} }`)).toThrow(problem);
});

test.each(['easyMargin: true', 'monotonic: true'])('does not offer %s', (setting) => {
  expect(() => parseConfig(`loss: { name: arcface, ${setting} }`)).toThrow('unknown key');
});
