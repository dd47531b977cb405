import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { auroc, type RocResult, rocFromScores } from '../src/index.js';
import { acceptAt, bruteAuroc, bruteTprAtFpr } from './brute-force.js';
import golden from './golden.json';

const fprs = [0.5, 0.1, 0.01, 0.001];

function expectEqualToBruteForce(result: RocResult, scores: number[], positive: boolean[]) {
  const positives = positive.filter(Boolean).length;
  const negatives = scores.length - positives;
  expect(result.pairs).toEqual({ positive: positives, negative: negatives });
  expect(result.auroc).toBeCloseTo(bruteAuroc(scores, positive), 12);
  for (const row of result.tprAtFpr) {
    expect(row).toMatchObject(bruteTprAtFpr(scores, positive, row.fpr));
    expect(row.resolved).toBe(negatives * row.fpr >= 1);
    expect(row.tprInterval.low).toBeLessThanOrEqual(row.tpr);
    expect(row.tprInterval.high).toBeGreaterThanOrEqual(row.tpr);
  }
  const { fpr, tpr, threshold } = result.roc;
  for (let k = 0; k < fpr.length; k++) {
    const counts = acceptAt(scores, positive, threshold[k]);
    expect([fpr[k], tpr[k]]).toEqual([counts.falseAccepts / negatives, counts.truePositives / positives]);
    if (k > 0) expect(threshold[k]).toBeLessThan(threshold[k - 1]);
  }
  expect([fpr[0], tpr[0], fpr.at(-1), tpr.at(-1)]).toEqual([0, 0, 1, 1]);
}

/** Scored pairs of both kinds. The scores are from a few values (many ties) or any doubles. */
const pairsArbitrary = fc
  .oneof(
    fc.array(fc.tuple(fc.integer({ min: -3, max: 3 }), fc.boolean()), { minLength: 2, maxLength: 60 }),
    fc.array(fc.tuple(fc.double({ noNaN: true, noDefaultInfinity: true }), fc.boolean()), {
      minLength: 2,
      maxLength: 60,
    }),
  )
  .filter((pairs) => pairs.some(([, p]) => p) && pairs.some(([, p]) => !p));

describe('rocFromScores', () => {
  test('returns 0 as a threshold, never −0', () => {
    for (const zeros of [
      [-0, 0],
      [0, -0],
      [-0, -0],
    ]) {
      const scores = [-Number.MIN_VALUE, ...zeros, Number.MIN_VALUE];
      const { tprAtFpr } = rocFromScores(scores, [false, true, true, false], { fprs: [0.5], rocPoints: 8 });
      expect(Object.is(tprAtFpr[0].threshold, 0)).toBe(true);
    }
  });

  test('equals sorting every score, ties and the extremes of doubles included', () => {
    fc.assert(
      fc.property(pairsArbitrary, fc.integer({ min: 8, max: 300 }), (pairs, rocPoints) => {
        const scores = pairs.map(([score]) => score);
        const positive = pairs.map(([, p]) => p);
        expectEqualToBruteForce(rocFromScores(scores, positive, { fprs, rocPoints }), scores, positive);
      }),
      { numRuns: 300 },
    );
  });

  test('agrees with scikit-learn on tied scores', () => {
    const { scores, positive, auroc: area, tprAtFpr } = golden.tied;
    const result = rocFromScores(scores, positive, { fprs: tprAtFpr.map((row) => row.fpr) });
    expect(result.auroc).toBeCloseTo(area, 12);
    tprAtFpr.forEach((row, k) => {
      expect(result.tprAtFpr[k].tpr).toBeCloseTo(row.tpr, 12);
      expect(result.tprAtFpr[k].threshold).toBe(row.threshold ?? Number.POSITIVE_INFINITY);
      expect(result.tprAtFpr[k].falseAccepts).toBe(row.falseAccepts);
    });
  });

  test('flags a rate that is too low for the number of negatives', () => {
    const scores = [0.9, 0.8, 0.7, ...Array.from({ length: 100 }, (_, k) => k / 200)];
    const positive = scores.map((_, k) => k < 3);
    const rows = rocFromScores(scores, positive, { fprs: [1e-2, 9e-3] }).tprAtFpr;
    expect(rows.map((row) => row.resolved)).toEqual([true, false]);
    expect(rows[1]).toMatchObject({ tpr: 1, falseAccepts: 0 });
  });

  test('accepts nothing if a negative outscores every positive and no false accept is allowed', () => {
    const [row] = rocFromScores([1, 0.5], [false, true], { fprs: [0.1] }).tprAtFpr;
    expect(row).toMatchObject({ tpr: 0, truePositives: 0, falseAccepts: 0, threshold: null });
  });

  test('keeps the tail of the curve dense on a logarithmic axis', () => {
    const n = 200_000;
    let state = 7;
    const random = () => {
      state = (state * 48271) % 2147483647;
      return state / 2147483647;
    };
    const positive = Array.from({ length: n }, (_, k) => k % 10 === 0);
    const scores = positive.map((p) => random() ** (p ? 0.05 : 1));
    const { fpr } = rocFromScores(scores, positive).roc;
    expect(fpr.length).toBeLessThanOrEqual(402);
    for (let decade = -4; decade < 0; decade++) {
      const inside = fpr.filter((f) => f >= 10 ** decade && f < 10 ** (decade + 1)).length;
      expect(inside, `points in 1e${decade}…1e${decade + 1}`).toBeGreaterThanOrEqual(8);
    }
  });

  test('says what is wrong with bad input', () => {
    expect(() => rocFromScores([1, 2], [true])).toThrow('2 scores but 1 entries');
    expect(() => rocFromScores([1, Number.NaN], [true, false])).toThrow('Score 1 is NaN');
    expect(() => rocFromScores([Infinity, 1], [true, false])).toThrow('Score 0 is Infinity');
    expect(() => rocFromScores([1, 2], [false, false])).toThrow('No pair is positive');
    expect(() => rocFromScores([1, 2], [true, true])).toThrow('No pair is negative');
    expect(() => rocFromScores([1, 2], [true, false], { fprs: [0] })).toThrow('fprs: 0 is not between');
    expect(() => rocFromScores([1, 2], [true, false], { rocPoints: 2 })).toThrow('rocPoints');
  });
});

describe('auroc', () => {
  test('is 1 for separated, 0 for reversed and 0.5 for tied scores', () => {
    expect(auroc([3, 2, 1, 0], [true, true, false, false])).toBe(1);
    expect(auroc([0, 1, 2, 3], [true, true, false, false])).toBe(0);
    expect(auroc([5, 5, 5], [true, false, false])).toBe(0.5);
    expect(auroc([0, -0], [true, false])).toBe(0.5);
  });
});
