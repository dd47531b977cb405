import { Random } from '@unitsphere/core/random';
import { describe, expect, test } from 'vitest';
import { TrainingSampler, type TrainingSamplerOptions } from '../src/loader/training-sampler.js';
import { drawDistinct } from '../src/samplers/draw-distinct.js';
import { SAMPLER_NAMES } from '../src/samplers/samplers.js';

/** Twelve identities of four super-classes, with 1, 4, 9 or 16 images. */
const sourceIdentities = Array.from({ length: 12 }, (_, i) => ({
  name: `super-${i % 4}/${i}`,
  samples: (1 + (i % 4)) ** 2,
}));
const options: TrainingSamplerOptions = {
  sourceIdentities,
  identities: sourceIdentities.map((_, i) => i),
  views: 1,
  batchSize: 8,
  seed: 3,
};
const create = (changes: Partial<TrainingSamplerOptions>) => new TrainingSampler({ ...options, ...changes });

/** Counts what `keyOf` returns over many steps. */
function countKeys(sampler: TrainingSampler, steps: number, keyOf: (sample: Planned) => string | number) {
  const counts = new Map<string | number, number>();
  for (let step = 0; step < steps; step++) {
    for (const sample of sampler.planBatch(step)) {
      counts.set(keyOf(sample), (counts.get(keyOf(sample)) ?? 0) + 1);
    }
  }
  return counts;
}
type Planned = ReturnType<TrainingSampler['planBatch']>[number];

/** Pearson's statistic over its degrees of freedom, in standard deviations from its mean (Wilson & Hilferty, 1931). */
function chiSquareDeviation(counts: readonly number[], weights: readonly number[]): number {
  const drawn = counts.reduce((sum, count) => sum + count, 0);
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  const statistic = counts.reduce((sum, count, i) => {
    const expected = (drawn * weights[i]) / total;
    return sum + (count - expected) ** 2 / expected;
  }, 0);
  const freedom = counts.length - 1;
  return (Math.cbrt(statistic / freedom) - (1 - 2 / (9 * freedom))) / Math.sqrt(2 / (9 * freedom));
}

const identityCounts = (sampler: TrainingSampler, steps: number) => {
  const counts = countKeys(sampler, steps, ({ identity }) => identity);
  return sourceIdentities.map((_, i) => counts.get(i) ?? 0);
};

describe('samplers', () => {
  test('square-root draws classes in proportion to the square root of their images', () => {
    const weights = sourceIdentities.map(({ samples }) => Math.sqrt(samples));
    const counts = identityCounts(create({ sampler: 'square-root' }), 1500);
    expect(Math.abs(chiSquareDeviation(counts, weights))).toBeLessThan(3.5);
    // The test can tell the neighboring distributions apart.
    expect(
      chiSquareDeviation(
        counts,
        weights.map(() => 1),
      ),
    ).toBeGreaterThan(10);
    expect(
      chiSquareDeviation(
        counts,
        sourceIdentities.map(({ samples }) => samples),
      ),
    ).toBeGreaterThan(10);
  });

  test('square-root draws the images and the views of a class uniformly', () => {
    const sampler = create({ sampler: 'square-root', views: 24, seed: 5 });
    const images = countKeys(sampler, 3000, ({ identity, sample }) => (identity === 11 ? sample : -1));
    images.delete(-1);
    expect(images.size).toBe(16);
    expect(Math.abs(chiSquareDeviation([...images.values()], Array(16).fill(1)))).toBeLessThan(3.5);
    const views = countKeys(sampler, 3000, ({ view }) => view);
    expect(views.size).toBe(24);
    expect(Math.abs(chiSquareDeviation([...views.values()], Array(24).fill(1)))).toBeLessThan(3.5);
  });

  test('instance-balanced visits each image once per epoch', () => {
    const images = sourceIdentities.reduce((sum, { samples }) => sum + samples, 0);
    for (const views of [1, 24] as const) {
      const sampler = create({ sampler: 'instance-balanced', views, batchSize: 10 });
      expect(sampler.stepsPerEpoch).toBe((images * views) / 10);
      for (let epoch = 0; epoch < 2; epoch++) {
        const seen = new Set<string>();
        for (let i = 0; i < sampler.stepsPerEpoch; i++) {
          const step = epoch * sampler.stepsPerEpoch + i;
          expect(sampler.epochOf(step)).toBe(epoch);
          for (const { identity, sample, view } of sampler.planBatch(step)) {
            expect(sample).toBeLessThan(sourceIdentities[identity].samples);
            seen.add(`${identity}/${sample}/${view}`);
          }
        }
        expect(seen.size).toBe(images * views);
      }
    }
  });

  test('m-per-class gives batches of different classes with different images, and visits all of them in an epoch', () => {
    const sampler = create({ sampler: 'm-per-class', imagesPerClass: 4, batchSize: 20, views: 24 });
    expect(sampler.stepsPerEpoch).toBe(Math.ceil((12 * 24) / 5));
    const labels = new Set<number>();
    for (let step = 0; step < sampler.stepsPerEpoch; step++) {
      expect(sampler.epochOf(step)).toBe(0);
      const plan = sampler.planBatch(step);
      expect(new Set(plan.map(({ label }) => label)).size).toBe(5);
      for (let i = 0; i < 20; i += 4) {
        const group = plan.slice(i, i + 4);
        const { identity, label } = group[0];
        expect(group.every((sample) => sample.label === label)).toBe(true);
        const distinct = Math.min(4, sourceIdentities[identity].samples);
        expect(new Set(group.map(({ sample }) => sample)).size).toBe(distinct);
        labels.add(label);
      }
    }
    expect(labels.size).toBe(12 * 24);
    expect(sampler.epochOf(sampler.stepsPerEpoch)).toBe(1);
    const counts = identityCounts(create({ sampler: 'm-per-class', imagesPerClass: 2 }), 3000);
    expect(new Set(counts)).toEqual(new Set([2000]));
  });

  test('hierarchical divides each batch among different super-classes, and these among different classes', () => {
    const sampler = create({
      sampler: 'hierarchical',
      superClassesPerBatch: 2,
      imagesPerClass: 2,
      batchSize: 12,
    });
    const pairs = new Map<string, number>();
    for (let step = 0; step < 1200; step++) {
      const plan = sampler.planBatch(step);
      const supers = new Map<number, Set<number>>();
      for (const { identity, label } of plan) {
        supers.set(identity % 4, (supers.get(identity % 4) ?? new Set()).add(label));
      }
      expect([...supers.values()].map(({ size }) => size)).toEqual([3, 3]);
      const pair = [...supers.keys()].sort().join();
      pairs.set(pair, (pairs.get(pair) ?? 0) + 1);
    }
    expect(pairs.size).toBe(6);
    // Two steps have all four super-classes, so a pair comes with its complement.
    expect(chiSquareDeviation([...pairs.values()], Array(6).fill(1))).toBeLessThan(4);
    expect(new Set(identityCounts(sampler, 1200))).toEqual(new Set([1200]));
  });

  test('hierarchical takes more images of each class where a super-class has few classes', () => {
    const identities = ['a/0', 'b/0', 'b/1', 'b/2'].map((name) => ({ name, samples: 6 }));
    const sampler = new TrainingSampler({
      sourceIdentities: identities,
      identities: [0, 1, 2, 3],
      views: 1,
      batchSize: 12,
      imagesPerClass: 2,
      seed: 0,
      sampler: 'hierarchical',
    });
    for (let step = 0; step < 20; step++) {
      const plan = sampler.planBatch(step);
      const ofA = plan.filter(({ identity }) => identity === 0);
      expect(ofA.length).toBe(6);
      expect(new Set(ofA.map(({ sample }) => sample)).size).toBe(6);
    }
    const named = identities.map((identity) => ({ ...identity, superClass: 'one' }));
    const superClass = (wanted: number) =>
      new TrainingSampler({
        sourceIdentities: named,
        identities: [0, 1, 2, 3],
        views: 1,
        batchSize: 4,
        seed: 0,
        sampler: 'hierarchical',
        superClassesPerBatch: wanted,
      });
    expect(superClass(1).planBatch(0).length).toBe(4);
    expect(() => superClass(2)).toThrow(
      /requires 2 super-classes in a batch, but the training identities have 1/,
    );
  });

  test('every sampler plans a step independently of earlier calls, and starts with upright images', () => {
    for (const sampler of SAMPLER_NAMES) {
      const changes = { sampler, views: 24, uprightSteps: 5 } as const;
      const used = create(changes);
      for (const step of [0, 300, 4, 5, 1000, 3]) {
        const plan = used.planBatch(step);
        expect(plan, sampler).toEqual(create(changes).planBatch(step));
        expect(plan.length).toBe(8);
        expect(plan.every(({ view }) => view === 0)).toBe(step < 5);
        expect(plan.map(({ stream }) => stream)).toEqual(plan.map((_, i) => step * 8 + i));
      }
      const epochs = Array.from({ length: 200 }, (_, step) => used.epochOf(step));
      expect(epochs).toEqual([...epochs].sort((a, b) => a - b));
      expect(create({ sampler, seed: 4 }).planBatch(0)).not.toEqual(create({ sampler }).planBatch(0));
    }
  });

  test('refuses classes that do not suit the sampler', () => {
    expect(() => create({ sampler: 'm-per-class', batchSize: 13 })).toThrow(
      /requires 13 different classes in a batch of 13 with 1 images of each, but there are 12/,
    );
    expect(() => create({ sampler: 'instance-balanced', imagesPerClass: 2 })).toThrow(/must be 1, not 2/);
    expect(() => create({ sampler: 'hierarchical', superClassesPerBatch: 3 })).toThrow(
      /must divide batchSize \(8\)/,
    );
    expect(() => create({ sampler: 'hierarchical', superClassesPerBatch: 8 })).toThrow(
      /requires 8 super-classes/,
    );
    expect(() => create({ sampler: 'hierarchical', superClassesPerBatch: 0 })).toThrow(
      /positive integer, not 0/,
    );
    expect(() => create({ sampler: 'sqrt' as 'square-root' })).toThrow(
      /sampler must be class-balanced, .*not "sqrt"/,
    );
  });

  test('draws different numbers while there are enough of them, uniformly', () => {
    const counts = new Array<number>(7).fill(0);
    const pairs = new Map<string, number>();
    for (let i = 0; i < 2100; i++) {
      const drawn = drawDistinct(new Random(i), 7, 3);
      expect(new Set(drawn).size).toBe(3);
      for (const value of drawn) counts[value]++;
      const first = `${drawn[0]},${drawn[1]}`;
      pairs.set(first, (pairs.get(first) ?? 0) + 1);
    }
    expect(
      Math.abs(
        chiSquareDeviation(
          counts,
          counts.map(() => 1),
        ),
      ),
    ).toBeLessThan(3.5);
    expect(pairs.size).toBe(42);
    expect(Math.abs(chiSquareDeviation([...pairs.values()], Array(42).fill(1)))).toBeLessThan(3.5);
    const repeated = drawDistinct(new Random(0), 3, 8).sort();
    expect([0, 1, 2].map((value) => repeated.filter((other) => other === value).length).sort()).toEqual([
      2, 3, 3,
    ]);
  });
});
