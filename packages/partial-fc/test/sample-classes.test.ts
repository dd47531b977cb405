import fc from 'fast-check';
import { expect, test } from 'vitest';
import { ClassSampler, classRange } from '../src/index.js';

test('a sample is ascending, without duplicates, contains the positives and depends on seed, step and batch alone', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 3000 }),
      fc.integer({ min: 1, max: 3500 }),
      fc.array(fc.nat(), { maxLength: 60 }),
      fc.nat(),
      (classes, count, numbers, step) => {
        const positives = Int32Array.from(numbers, (n) => n % classes);
        const sampler = new ClassSampler(classes, count, 5);
        sampler.sample(positives, step + 1);
        const sample = sampler.sample(positives, step);
        const unique = new Set(positives);
        expect(sample.length).toBe(Math.max(Math.min(count, classes), unique.size));
        expect(new Set(sample).size).toBe(sample.length);
        expect([...sample]).toEqual([...sample].sort((a, b) => a - b));
        expect(sample.every((number) => number >= 0 && number < classes)).toBe(true);
        const taken = new Set(sample);
        for (const positive of unique) expect(taken.has(positive)).toBe(true);
        expect([...new ClassSampler(classes, count, 5).sample(positives, step)]).toEqual([...sample]);
      },
    ),
    { numRuns: 300 },
  );
});

test.each([
  [40, 12],
  [40, 35],
  [1000, 17],
])('draws every negative equally often, alone and in pairs: %i classes, %i sampled', (classes, count) => {
  const sampler = new ClassSampler(classes, count, 1);
  const positives = Int32Array.of(3, 7, 3);
  const draws = 6000;
  const seen = new Float64Array(classes);
  let pairs = 0;
  for (let step = 0; step < draws; step++) {
    const sample = new Set(sampler.sample(positives, step));
    for (const number of sample) seen[number]++;
    if (sample.has(0) && sample.has(1)) pairs++;
  }
  const [negatives, outside] = [count - 2, classes - 2];
  const p = negatives / outside;
  const deviation = Math.sqrt(draws * p * (1 - p));
  seen.forEach((times, number) => {
    if (number === 3 || number === 7) expect(times).toBe(draws);
    else expect(Math.abs(times - draws * p) / deviation).toBeLessThan(5);
  });
  const together = p * ((negatives - 1) / (outside - 1));
  expect(Math.abs(pairs - draws * together) / Math.sqrt(draws * together + 1)).toBeLessThan(5);
});

test('the time grows with the sample, not with the number of classes', () => {
  const time = (classes: number) => {
    const sampler = new ClassSampler(classes, 1000, 1);
    const positives = Int32Array.from({ length: 64 }, (_, i) => i * 100);
    const times = Array.from({ length: 60 }, (_, step) => {
      const started = performance.now();
      sampler.sample(positives, step);
      return performance.now() - started;
    });
    return times.sort((a, b) => a - b)[20];
  };
  time(10_000);
  const [few, many] = [time(10_000), time(10_000_000)];
  // There are a thousand times as many classes. A draw that visits all of them would take a thousand times as long.
  expect(many).toBeLessThan(20 * few);
});

test('the ranges of all ranks cover each class once, also with fewer classes than ranks', () => {
  for (const [classes, size] of [
    [10, 4],
    [3, 4],
    [8, 2],
    [1, 3],
    [7, 1],
  ] as const) {
    let next = 0;
    for (let rank = 0; rank < size; rank++) {
      const { first, count } = classRange(classes, rank, size);
      expect(first).toBe(next);
      expect(count).toBeGreaterThanOrEqual(Math.floor(classes / size));
      next += count;
    }
    expect(next).toBe(classes);
  }
});
