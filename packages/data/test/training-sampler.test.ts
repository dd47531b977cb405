import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { TrainingSampler } from '../src/loader/training-sampler.js';

const sourceIdentities = Array.from({ length: 30 }, (_, i) => ({ name: `${i}`, samples: 1 + (i % 4) }));
const options = {
  sourceIdentities,
  identities: [3, 7, 11, 20, 29],
  views: 24,
  batchSize: 7,
  seed: 5,
} as const;

describe('TrainingSampler', () => {
  test('visits each class once per epoch in full batches', () => {
    fc.assert(
      fc.property(
        fc.uniqueArray(fc.integer({ min: 0, max: 29 }), { minLength: 2 }),
        fc.constantFrom(1 as const, 24 as const),
        fc.integer({ min: 1, max: 40 }),
        fc.nat(),
        (identities, views, batchSize, seed) => {
          const sampler = new TrainingSampler({ sourceIdentities, identities, views, batchSize, seed });
          expect(sampler.classCount).toBe(identities.length * views);
          const drawn: number[] = [];
          for (let step = 0; drawn.length < 2 * sampler.classCount; step++) {
            const plan = sampler.planBatch(step);
            expect(plan.length).toBe(batchSize);
            for (const { identity, sample, view, label, stream } of plan) {
              expect(label).toBe(identities.indexOf(identity) * views + view);
              expect(sample).toBeLessThan(sourceIdentities[identity].samples);
              expect(stream).toBe(drawn.length);
              drawn.push(label);
            }
          }
          for (const epoch of [0, 1]) {
            const labels = drawn.slice(epoch * sampler.classCount, (epoch + 1) * sampler.classCount);
            expect(new Set(labels).size).toBe(sampler.classCount);
          }
        },
      ),
      { numRuns: 40 },
    );
  });

  test('with imagesPerClass, visits each class once per epoch with consecutive images in one batch', () => {
    fc.assert(
      fc.property(
        fc.uniqueArray(fc.integer({ min: 0, max: 29 }), { minLength: 2 }),
        fc.constantFrom(1 as const, 24 as const),
        fc.integer({ min: 1, max: 5 }),
        fc.integer({ min: 1, max: 6 }),
        (identities, views, imagesPerClass, classesABatch) => {
          const batchSize = imagesPerClass * classesABatch;
          const make = { sourceIdentities, identities, views, batchSize, seed: 1, imagesPerClass };
          const sampler = new TrainingSampler(make);
          const visits: number[] = [];
          for (let step = 0; visits.length < sampler.classCount; step++) {
            expect(sampler.epochOf(step)).toBe(Math.floor((step * classesABatch) / sampler.classCount));
            const plan = sampler.planBatch(step);
            expect(plan.map(({ stream }) => stream)).toEqual(plan.map((_, i) => step * batchSize + i));
            for (let i = 0; i < batchSize; i += imagesPerClass) {
              const row = plan.slice(i, i + imagesPerClass);
              expect(new Set(row.map(({ label }) => label)).size).toBe(1);
              visits.push(row[0].label);
            }
          }
          expect(new Set(visits.slice(0, sampler.classCount)).size).toBe(sampler.classCount);
          expect(sampler.stepsPerEpoch).toBeCloseTo(sampler.classCount / classesABatch, 9);
        },
      ),
      { numRuns: 40 },
    );
    expect(() => new TrainingSampler({ ...options, imagesPerClass: 2 })).toThrow(
      /divides batchSize \(7\), not 2/,
    );
  });

  test('plans a step independently of earlier calls', () => {
    const used = new TrainingSampler(options);
    for (const step of [0, 1, 100, 3, 50]) {
      expect(used.planBatch(step)).toEqual(new TrainingSampler(options).planBatch(step));
    }
    expect(used.planBatch(0)).not.toEqual(new TrainingSampler({ ...options, seed: 6 }).planBatch(0));
    expect(used.planBatch(0).map((s) => s.label)).not.toEqual(used.planBatch(120).map((s) => s.label));
  });

  test('reaches every sample of an identity', () => {
    const sampler = new TrainingSampler({ ...options, views: 1, batchSize: 1 });
    const seen = new Set<string>();
    for (let step = 0; step < 300; step++) {
      for (const { identity, sample } of sampler.planBatch(step)) seen.add(`${identity}/${sample}`);
    }
    const all = options.identities.reduce((sum, identity) => sum + sourceIdentities[identity].samples, 0);
    expect(seen.size).toBe(all);
  });

  test('refuses invalid options and steps', () => {
    const make = (changes: object) => () => new TrainingSampler({ ...options, ...changes });
    expect(make({ identities: [] })).toThrow(/too few classes/);
    expect(make({ identities: [1], views: 1 })).toThrow(/too few classes/);
    expect(make({ identities: [1, 1] })).toThrow(/given twice/);
    expect(make({ identities: [1, 30] })).toThrow(/identity 30 is not in the source, which has 30/);
    expect(make({ views: 8 })).toThrow(/views must be 1 or 24/);
    expect(make({ batchSize: 0 })).toThrow(/batchSize must be/);
    expect(make({ seed: Number.NaN })).toThrow(/seed/);
    expect(() => new TrainingSampler(options).planBatch(-1)).toThrow(/step must be/);
  });

  test('with uprightSteps, visits upright images once per epoch first and then every class', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 12 }),
        fc.integer({ min: 0, max: 9 }),
        fc.nat(),
        (batchSize, upright, seed) => {
          const sampler = new TrainingSampler({ ...options, batchSize, seed, uprightSteps: upright });
          const count = options.identities.length;
          const early = Array.from({ length: upright }, (_, step) => sampler.planBatch(step)).flat();
          expect(early.every(({ view }) => view === 0)).toBe(true);
          for (let at = 0; at + count <= early.length; at += count) {
            expect(new Set(early.slice(at, at + count).map(({ identity }) => identity)).size).toBe(count);
          }
          const steps = Math.ceil(sampler.classCount / batchSize);
          const late = Array.from({ length: steps }, (_, i) => sampler.planBatch(upright + i)).flat();
          expect(new Set(late.slice(0, sampler.classCount).map(({ label }) => label)).size).toBe(
            sampler.classCount,
          );
          const epochs = [...early, ...late].map(({ stream }) =>
            sampler.epochOf(Math.floor(stream / batchSize)),
          );
          expect(epochs).toEqual([...epochs].sort((a, b) => a - b));
        },
      ),
      { numRuns: 60 },
    );
    expect(() => new TrainingSampler({ ...options, uprightSteps: -1 })).toThrow(/uprightSteps/);
  });
});
