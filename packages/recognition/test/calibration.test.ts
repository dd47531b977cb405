import { describe, expect, test } from 'vitest';
import { chooseMargin, chooseThreshold } from '../src/calibration/choose-threshold.js';
import type { StrangerScores } from '../src/calibration/stranger-scores.js';
import { createGallery } from '../src/gallery.js';
import { Population } from './draw-identities.js';

/** Scores of independent strangers with one image each. */
function scoresOf(best: number[], compared: number, others: Partial<StrangerScores> = {}): StrangerScores {
  return {
    stranger: Int32Array.from(best, (_, n) => n),
    best: Float32Array.from(best),
    runnerUp: new Float32Array(best.length).fill(Number.NaN),
    compared,
    ...others,
  };
}
const steps = (count: number) => Array.from({ length: count }, (_, n) => (n + 1) / (count + 1));

describe('chooseThreshold', () => {
  test('takes the score whose mean rate is within the target, with the interval of Clopper and Pearson', () => {
    const { threshold, rate, interval, isFitted } = chooseThreshold(scoresOf(steps(999), 50), 0.01, 50);
    // The 10th highest of 999 scores. By scipy.stats.beta.ppf: 0.025 of Beta(10, 990) and 0.975 of Beta(11, 989).
    expect(threshold).toBe(Math.fround(990 / 1000));
    expect(rate).toBeCloseTo(10 / 999, 12);
    expect(interval.low).toBeCloseTo(0.00481033, 8);
    expect(interval.high).toBeCloseTo(0.0183315, 8);
    expect(isFitted).toBe(false);
  });

  test('counts a pair of identities that is seen from both sides once', () => {
    // Scores in pairs: 2n and 2n + 1 are the nearest of each other.
    const best = Array.from({ length: 1000 }, (_, n) => (Math.floor(n / 2) + 1) / 501);
    const nearest = Int32Array.from(best, (_, n) => n ^ 1);
    const pairs = chooseThreshold(scoresOf(best, 999, { nearest }), 0.01, 999);
    const single = chooseThreshold(scoresOf(steps(500), 999), 0.01, 999);
    expect(pairs.threshold).toBe(single.threshold);
    expect(pairs.interval).toEqual(single.interval);
    expect(pairs.effectiveStrangers).toBe(500);
  });

  test('counts the images of one stranger once if they agree', () => {
    const best = steps(300).flatMap((score) => [score, score, score]);
    const stranger = Int32Array.from(best, (_, n) => Math.floor(n / 3));
    const found = chooseThreshold(scoresOf(best, 9, { stranger }), 0.02, 9);
    const single = chooseThreshold(scoresOf(steps(300), 9), 0.02, 9);
    expect(found.threshold).toBe(single.threshold);
    expect(found.effectiveStrangers).toBeCloseTo(300, 9);
    expect(found.interval.high).toBeCloseTo(single.interval.high, 12);
  });

  test('goes beyond the scores where they are too few, with an interval that assumes nothing', () => {
    const found = chooseThreshold(scoresOf(steps(20), 9), 0.01, 9);
    expect(found.isFitted).toBe(true);
    expect(found.threshold).toBeGreaterThan(20 / 21);
    expect(found.threshold).toBeLessThan(1);
    expect(found.interval.low).toBe(0);
    expect(found.interval.high).toBeCloseTo(1 - 0.025 ** (1 / 20), 12);
  });

  test('stays above all scores where they are too few for a fit', () => {
    const pair = scoresOf([0.3, 0.3, 0.1], 2, { nearest: Int32Array.of(1, 0, 0) });
    const { threshold, interval } = chooseThreshold(pair, 0.1, 3);
    expect(threshold).toBeGreaterThan(Math.fround(0.3));
    expect(interval.low).toBe(0);
  });

  test('fits the tail where one score would decide, so that a pair that stands out moves it little', () => {
    // Distances with the power 8, as in a space of 8 dimensions: a rate of 1 % has the distance 0.01 ** (1 / 8).
    const scores = Array.from({ length: 240 }, (_, n) => 1 - ((n + 0.5) / 240) ** (1 / 8));
    const exact = 1 - 0.01 ** (1 / 8);
    const plain = chooseThreshold(scoresOf(scores, 300), 0.01, 300);
    expect(plain.isFitted).toBe(true);
    expect(plain.threshold).toBeGreaterThan(exact);
    expect(plain.threshold).toBeLessThan(exact + 0.05);
    // However close the pair is, the fit changes no more.
    for (const closest of [0.9, 0.99, 1]) {
      const { threshold } = chooseThreshold(scoresOf([closest, ...scores.slice(1)], 300), 0.01, 300);
      expect(threshold).toBeLessThan(plain.threshold + 0.02);
    }
    // The interval counts the scores above the fitted threshold, here 2 of 240: by scipy.stats.beta.ppf, 0.025 of Beta(2, 239) and
    // 0.975 of Beta(3, 238).
    const { threshold, interval } = chooseThreshold(
      scoresOf([0.99, 0.1, ...scores.slice(2)], 300),
      0.01,
      300,
    );
    expect(scores.slice(2).filter((score) => score >= threshold)).toHaveLength(1);
    expect(interval.low).toBeCloseTo(0.0010108, 7);
    expect(interval.high).toBeCloseTo(0.029776977, 7);
  });

  test('does not use a fit that the scores exclude', () => {
    // Far more strangers are close than the tail below them foretells.
    const scores = [
      ...Array.from({ length: 12 }, (_, n) => 0.98 - n / 1000),
      ...steps(388).map((s) => s / 4),
    ];
    const { threshold, isFitted, interval } = chooseThreshold(scoresOf(scores, 300), 0.01, 300);
    expect(isFitted).toBe(false);
    expect(threshold).toBe(Math.fround(0.977));
    expect(interval.low).toBeLessThan(0.01);
  });

  test('raises the threshold for a larger gallery, and lowers it for a smaller one', () => {
    const at = (identities: number) => chooseThreshold(scoresOf(steps(999), 100), 0.05, identities);
    expect(at(200).threshold).toBeGreaterThan(at(100).threshold);
    expect(at(50).threshold).toBeLessThan(at(100).threshold);
    expect(at(200).rate).toBeLessThanOrEqual(0.05);
  });

  test('stays within a cosine of 1', () => {
    const { threshold, interval } = chooseThreshold(scoresOf([1, 1, 0.2, 0.1], 3), 0.01, 3);
    expect(threshold).toBe(1);
    expect(interval.high).toBeGreaterThan(0.5);
  });
});

test('takes the gap that 95 % of strangers stay below as the margin', () => {
  const best = Array.from({ length: 100 }, () => 0.5);
  const runnerUp = Float32Array.from(best, (score, n) => score - (n + 1) / 1000);
  expect(chooseMargin(scoresOf(best, 9, { runnerUp }))).toBeCloseTo(0.095, 6);
  expect(chooseMargin(scoresOf(best, 1))).toBe(0);
});

describe('a gallery calibrated for a rate of 1 %', () => {
  test.each([
    { identities: 10, strangers: 2000 },
    { identities: 100, strangers: 4000 },
    { identities: 1000, strangers: 4000 },
  ])(
    'accepts other people within the stated interval, with $identities identities in 9 of 10 seeds',
    { timeout: 120_000 },
    async ({ identities, strangers }) => {
      let within = 0;
      const told: string[] = [];
      for (let seed = 0; seed < 10; seed++) {
        const people = new Population(seed);
        const gallery = await createGallery({ embeddingSize: 32 });
        for (let n = 0; n < identities; n++) await gallery.enroll(`identity ${n}`, people.draw());
        const { interval, threshold } = await gallery.calibrate({ falseAcceptRate: 0.01 });
        const probes = Array.from({ length: strangers }, () => people.draw()[0]);
        const found = await gallery.recognizeMany(probes, { k: 1 });
        const rate = found.filter(({ decision }) => decision !== 'unknown').length / strangers;
        await gallery.close();
        if (rate >= interval.low && rate <= interval.high) within++;
        told.push(`${rate} in [${interval.low}, ${interval.high}] at ${threshold}`);
      }
      expect(within, told.join('\n')).toBeGreaterThanOrEqual(9);
    },
  );

  test('accepts other people within the interval that 500 strangers give', { timeout: 60_000 }, async () => {
    let within = 0;
    for (let seed = 0; seed < 10; seed++) {
      const people = new Population(seed);
      const gallery = await createGallery({ embeddingSize: 32 });
      for (let n = 0; n < 10; n++) await gallery.enroll(`identity ${n}`, people.draw());
      const embeddings = Array.from({ length: 500 }, () => people.draw(2));
      const { interval, isFitted } = await gallery.calibrate({ falseAcceptRate: 0.01, embeddings });
      expect(isFitted).toBe(false);
      expect(interval.high).toBeLessThan(0.03);
      const found = await gallery.recognizeMany(
        Array.from({ length: 4000 }, () => people.draw()[0]),
        { k: 1 },
      );
      const rate = found.filter(({ decision }) => decision !== 'unknown').length / 4000;
      await gallery.close();
      if (rate >= interval.low && rate <= interval.high) within++;
    }
    expect(within).toBeGreaterThanOrEqual(9);
  });
});
