import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { splitIdentities } from '../src/split.js';

const fractions = { train: 0.7, validation: 0.15, test: 0.15 };
const parts = ['train', 'validation', 'test'] as const;
const named = (count: number, prefix = 'identity') =>
  Array.from({ length: count }, (_, i) => `${prefix}-${i}`);

describe('splitIdentities', () => {
  test('puts every identity into exactly one part', () => {
    fc.assert(
      fc.property(
        fc.uniqueArray(fc.string(), { minLength: 150, maxLength: 200 }),
        fc.nat(),
        (names, seed) => {
          const split = splitIdentities(names, { ...fractions, seed });
          const all = parts.flatMap((part) => split[part]).sort((a, b) => a - b);
          expect(all).toEqual(names.map((_, i) => i));
        },
      ),
      { numRuns: 30 },
    );
  });

  test('keeps every identity in its part when others are added or reordered', () => {
    fc.assert(
      fc.property(fc.nat(), fc.integer({ min: 150, max: 300 }), (seed, count) => {
        const partOf = (names: string[]) => {
          const split = splitIdentities(names, { ...fractions, seed });
          return new Map(parts.flatMap((part) => split[part].map((i) => [names[i], part] as const)));
        };
        const before = partOf(named(count));
        const after = partOf([...named(40, 'new'), ...named(count).reverse()]);
        for (const [name, part] of before) expect(after.get(name)).toBe(part);
      }),
      { numRuns: 20 },
    );
  });

  test('meets the fractions approximately', () => {
    const split = splitIdentities(named(20_000), fractions);
    expect(Math.abs(split.train.length / 20_000 - 0.7)).toBeLessThan(0.01);
    expect(Math.abs(split.validation.length / 20_000 - 0.15)).toBeLessThan(0.01);
  });

  test('leaves a part of fraction 0 empty and depends on the seed', () => {
    const split = splitIdentities(named(500), { train: 0.8, validation: 0.2, test: 0 });
    expect(split.test).toEqual([]);
    expect(splitIdentities(named(500), { train: 0, validation: 0, test: 1 }).test.length).toBe(500);
    expect(splitIdentities(named(500), { ...fractions, seed: 1 })).not.toEqual(
      splitIdentities(named(500), fractions),
    );
  });

  test('refuses invalid fractions and empty parts', () => {
    expect(() => splitIdentities(named(9), { train: 0.5, validation: 0.5, test: 0.5 })).toThrow(
      /add up to 1/,
    );
    expect(() => splitIdentities(named(9), { train: 1.2, validation: -0.2, test: 0 })).toThrow(
      /train must be/,
    );
    expect(() => splitIdentities(named(5), fractions)).toThrow(
      /5 identities are too few for 2 in each of train, validation, test: at least 6 are required/,
    );
    expect(() => splitIdentities(named(9), { ...fractions, minimum: 0 })).toThrow(/minimum must be/);
  });

  test('gives every part its minimum, whatever the seed, and moves no more than needed', () => {
    for (let count = 6; count <= 60; count++) {
      for (let seed = 0; seed < 40; seed++) {
        const split = splitIdentities(named(count), { train: 0.8, validation: 0.05, test: 0.15, seed });
        for (const part of parts) expect(split[part].length).toBeGreaterThanOrEqual(2);
        expect(parts.flatMap((part) => split[part]).sort((a, b) => a - b)).toEqual(
          named(count).map((_, i) => i),
        );
      }
    }
    const loose = splitIdentities(named(60), { ...fractions, minimum: 1 });
    expect(splitIdentities(named(60), fractions)).toEqual(loose);
  });
});
