import { Random } from '@unitsphere/core/random';
import {
  drawKnown,
  KNOWN_AUROC,
  KNOWN_DIMENSIONS,
  knownTprAtFpr,
} from '@unitsphere/testing/golden/known-roc';
import { describe, expect, test } from 'vitest';
import { bootstrapVerification, rocFromScores, verifyEmbeddings } from '../src/index.js';
import { normalizeRows } from '../src/normalize-rows.js';
import { orderByLabel } from '../src/pairs.js';
import { WeightedPairs } from '../src/weighted-pairs.js';
import { allPairs } from './brute-force.js';

const fprs = [0.2, 0.1, 0.02];

function weightedPairs(embeddings: Float32Array, dimensions: number, labels: Int32Array) {
  const order = orderByLabel(labels);
  return new WeightedPairs(
    normalizeRows(embeddings, dimensions, 'embeddings', order),
    order.map((row) => labels[row]),
    fprs,
  );
}

describe('WeightedPairs', () => {
  const random = new Random(3);
  const { embeddings, labels: ascending } = drawKnown(random, 17, 4);
  // Identities of various sizes, some with a single image, in arbitrary order.
  const labels = ascending.map((label, row) => (row % 7 === 0 ? 40 + (row % 3) : label));

  test('equals verifyEmbeddings up to the bin width for equal weights', () => {
    const exact = verifyEmbeddings(embeddings, KNOWN_DIMENSIONS, labels, { fprs });
    const ours = weightedPairs(embeddings, KNOWN_DIMENSIONS, labels).weigh(new Array(20).fill(1))!;
    expect(Math.abs(ours.auroc - exact.auroc)).toBeLessThan(1e-4);
    ours.tpr.forEach((tpr, k) => {
      expect(Math.abs(tpr - exact.tprAtFpr[k].tpr)).toBeLessThan(0.02);
    });
  });

  test('weighs pairs as if they were repeated', () => {
    const distinct = [...new Set(labels)].sort((x, y) => x - y);
    const pairs = allPairs(embeddings, KNOWN_DIMENSIONS, labels);
    const ours = weightedPairs(embeddings, KNOWN_DIMENSIONS, labels);
    expect(ours.identities).toBe(distinct.length);
    for (let draw = 0; draw < 10; draw++) {
      const weights = distinct.map(() => random.int(4));
      const weightOf = (row: number) => weights[distinct.indexOf(labels[row])];
      const scores: number[] = [];
      const positive: boolean[] = [];
      for (const pair of pairs) {
        const times = pair.positive ? weightOf(pair.a) : weightOf(pair.a) * weightOf(pair.b);
        for (let k = 0; k < times; k++) {
          scores.push(pair.score);
          positive.push(pair.positive);
        }
      }
      const expected = rocFromScores(scores, positive, { fprs });
      const result = ours.weigh(weights)!;
      expect(Math.abs(result.auroc - expected.auroc)).toBeLessThan(1e-4);
      result.tpr.forEach((tpr, k) => {
        expect(Math.abs(tpr - expected.tprAtFpr[k].tpr)).toBeLessThan(0.03);
      });
    }
    expect(ours.weigh(distinct.map((_, k) => (k === 3 ? 2 : 0)))).toBeUndefined();
  });
});

describe('bootstrapVerification', () => {
  test('covers the true values about as often as stated, unlike intervals over pairs', {
    timeout: 60_000,
  }, () => {
    const draws = 100;
    const covered = { auroc: 0, tpr: 0, pairs: 0 };
    const holds = ({ low, high }: { low: number; high: number }, truth: number) =>
      low <= truth && truth <= high ? 1 : 0;
    for (let draw = 0; draw < draws; draw++) {
      const { embeddings, labels } = drawKnown(new Random(draw, 'coverage'), 60, 4);
      const options = { fprs: [0.1], resamples: 200, seed: draw };
      const { auroc, tprAtFpr } = bootstrapVerification(embeddings, KNOWN_DIMENSIONS, labels, options);
      covered.auroc += holds(auroc, KNOWN_AUROC);
      covered.tpr += holds(tprAtFpr[0].interval, knownTprAtFpr(0.1));
      const [row] = verifyEmbeddings(embeddings, KNOWN_DIMENSIONS, labels, options).tprAtFpr;
      covered.pairs += holds(row.tprInterval, knownTprAtFpr(0.1));
    }
    // 95 of 100 minus three standard errors.
    expect(covered.auroc).toBeGreaterThanOrEqual(88);
    expect(covered.tpr).toBeGreaterThanOrEqual(88);
    expect(covered.pairs).toBeLessThan(85);
  });

  test('is deterministic for a seed, and wider at a higher confidence level', () => {
    const { embeddings, labels } = drawKnown(new Random(1), 20, 3);
    const run = (options = {}) =>
      bootstrapVerification(embeddings, KNOWN_DIMENSIONS, labels, {
        resamples: 300,
        fprs: [0.1],
        ...options,
      });
    expect(run()).toEqual(run());
    expect(run({ seed: 1 })).not.toEqual(run());
    const [narrow, wide] = [run({ confidence: 0.5 }).auroc, run({ confidence: 0.99 }).auroc];
    expect(wide.low).toBeLessThan(narrow.low);
    expect(wide.high).toBeGreaterThan(narrow.high);
    expect(run()).toMatchObject({ identities: 20, resamples: 300 });
  });

  test('says what is wrong with bad input', () => {
    const { embeddings, labels } = drawKnown(new Random(1), 5, 2);
    const run = (l: Int32Array, options = {}) =>
      bootstrapVerification(embeddings, KNOWN_DIMENSIONS, l, options);
    expect(() => run(labels, { resamples: 10 })).toThrow('resamples must be');
    expect(() => run(labels, { confidence: 95 })).toThrow('confidence must be');
    expect(() => run(labels, { fprs: [2] })).toThrow('fprs: 2');
    expect(() => run(labels.map(() => 1))).toThrow('at least two identities');
    expect(() => run(labels.subarray(1))).toThrow('9 entries for 10 rows');
    expect(() =>
      bootstrapVerification(
        new Float32Array(20_000).fill(1),
        1,
        Int32Array.from({ length: 20_000 }, (_, k) => k >> 1),
      ),
    ).toThrow('at most 134217728');
  });
});
