import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { hardestPairs, verifyEmbeddings } from '../src/index.js';
import { acceptAt, allPairs, bruteAuroc, bruteTprAtFpr } from './brute-force.js';
import golden from './golden.json';

const fprs = [0.3, 0.1, 0.01];

/** A few identities with small coordinates, so that equal rows, equal scores and opposite rows are common. */
const embeddingsArbitrary = fc
  .integer({ min: 1, max: 5 })
  .chain((dimensions) =>
    fc.record({
      dimensions: fc.constant(dimensions),
      rows: fc.array(
        fc.record({
          label: fc.integer({ min: -2, max: 3 }),
          values: fc
            .array(fc.oneof(fc.integer({ min: -2, max: 2 }), fc.float({ min: -1, max: 1, noNaN: true })), {
              minLength: dimensions,
              maxLength: dimensions,
            })
            .filter((values) => values.some((v) => Math.abs(v) > 1e-6)),
        }),
        { minLength: 3, maxLength: 90 },
      ),
    }),
  )
  .map(({ dimensions, rows }) => ({
    dimensions,
    embeddings: Float32Array.from(rows.flatMap((row) => row.values)),
    labels: Int32Array.from(rows, (row) => row.label),
  }))
  .filter(({ labels }) => {
    const distinct = new Set(labels).size;
    return distinct > 1 && distinct < labels.length;
  });

describe('verifyEmbeddings', () => {
  test('equals storing and sorting every pair', () => {
    fc.assert(
      fc.property(
        embeddingsArbitrary,
        fc.integer({ min: 1, max: 50 }),
        ({ embeddings, dimensions, labels }, bins) => {
          const pairs = allPairs(embeddings, dimensions, labels);
          const scores = pairs.map((pair) => pair.score);
          const positive = pairs.map((pair) => pair.positive);
          const result = verifyEmbeddings(embeddings, dimensions, labels, { fprs, bins });
          const positives = positive.filter(Boolean).length;
          expect(result.pairs).toEqual({ positive: positives, negative: pairs.length - positives });
          expect(result.auroc).toBeCloseTo(bruteAuroc(scores, positive), 12);
          for (const row of result.tprAtFpr) {
            expect(row).toMatchObject(bruteTprAtFpr(scores, positive, row.fpr));
          }
          result.roc.threshold.forEach((threshold, k) => {
            const counts = acceptAt(scores, positive, threshold);
            expect(result.roc.tpr[k]).toBe(counts.truePositives / positives);
            expect(result.roc.fpr[k]).toBe(counts.falseAccepts / (pairs.length - positives));
          });
          const histogram = { positive: new Float64Array(bins), negative: new Float64Array(bins) };
          for (const pair of pairs) {
            const bin = Math.min(bins - 1, Math.floor(((pair.score + 1) / 2) * bins));
            histogram[pair.positive ? 'positive' : 'negative'][bin]++;
          }
          expect(result.histogram.positive).toEqual(histogram.positive);
          expect(result.histogram.negative).toEqual(histogram.negative);
          expect(result.histogram.edges.length).toBe(bins + 1);
        },
      ),
      { numRuns: 150 },
    );
  });

  test('equals brute force across many tiles, in any order of rows', () => {
    const n = 300;
    const dimensions = 7;
    const embeddings = Float32Array.from({ length: n * dimensions }, (_, k) => Math.sin(k * k * 0.37));
    const labels = Int32Array.from({ length: n }, (_, k) => (k * 7919) % 41);
    const pairs = allPairs(embeddings, dimensions, labels);
    const scores = pairs.map((pair) => pair.score);
    const positive = pairs.map((pair) => pair.positive);
    const result = verifyEmbeddings(embeddings, dimensions, labels, { fprs });
    for (const row of result.tprAtFpr) expect(row).toMatchObject(bruteTprAtFpr(scores, positive, row.fpr));
    expect(result.auroc).toBeCloseTo(bruteAuroc(scores, positive), 12);
  });

  test('agrees with scikit-learn', () => {
    const { dimensions, values, labels, auroc, tprAtFpr } = golden.embeddings;
    const result = verifyEmbeddings(Float32Array.from(values), dimensions, Int32Array.from(labels), {
      fprs: tprAtFpr.map((row) => row.fpr),
    });
    expect(result.auroc).toBeCloseTo(auroc, 12);
    tprAtFpr.forEach((row, k) => {
      expect(result.tprAtFpr[k].tpr).toBeCloseTo(row.tpr, 12);
      // One unit in the last place of a float32, because the sums use another order.
      expect(Math.abs(result.tprAtFpr[k].threshold! - row.threshold)).toBeLessThan(1e-7);
      expect(result.tprAtFpr[k].falseAccepts).toBe(row.falseAccepts);
    });
  });

  test('does not depend on the length of the rows', () => {
    const embeddings = Float32Array.from([1, 2, 3, 4, 1, 2, -1, 1]);
    const labels = Int32Array.from([0, 1, 0, 1]);
    const scaled = embeddings.map((v, k) => v * 2 ** (k >> 1));
    expect(verifyEmbeddings(scaled, 2, labels)).toEqual(verifyEmbeddings(embeddings, 2, labels));
  });

  test('says what is wrong with bad input', () => {
    const labels = Int32Array.from([0, 0, 1]);
    const good = Float32Array.from([1, 0, 0, 1, 1, 1]);
    expect(() => verifyEmbeddings(good, 4, labels)).toThrow(
      '6 values, which is not a whole number of rows of 4',
    );
    expect(() => verifyEmbeddings(good, 0, labels)).toThrow(
      'dimensions must be an integer of at least 1, got 0',
    );
    expect(() => verifyEmbeddings(good, 2, labels.subarray(1))).toThrow('2 entries for 3 rows');
    expect(() => verifyEmbeddings(good.with(3, Number.NaN), 2, labels)).toThrow('row 1 holds a NaN');
    expect(() => verifyEmbeddings(good.with(4, Infinity), 2, labels)).toThrow(
      'row 2 holds a NaN or an infinite',
    );
    expect(() => verifyEmbeddings(good.with(3, 0), 2, labels)).toThrow('row 1 has zero length');
    expect(() => verifyEmbeddings(good, 2, labels.fill(3))).toThrow('at least two identities');
    expect(() => verifyEmbeddings(good, 2, Int32Array.from([0, 1, 2]))).toThrow('no pair is positive');
    expect(() => verifyEmbeddings(good, 2, Int32Array.from([0, 0, 1]), { bins: 0 })).toThrow('bins');
    expect(() => verifyEmbeddings(new Float32Array(), 2, new Int32Array())).toThrow(
      'at least two identities',
    );
    const crowd = Int32Array.from({ length: 8500 }, (_, k) => (k === 0 ? 1 : 0));
    expect(() => verifyEmbeddings(new Float32Array(8500).fill(1), 1, crowd)).toThrow(
      'at most 33554432 are supported',
    );
  });

  test('scores 2,000 embeddings of 256 dimensions quickly', () => {
    const n = 2000;
    const embeddings = Float32Array.from({ length: n * 256 }, (_, k) => Math.sin(k * k * 0.37));
    const labels = Int32Array.from({ length: n }, (_, k) => k % 250);
    const start = performance.now();
    const result = verifyEmbeddings(embeddings, 256, labels);
    expect(result.pairs.positive + result.pairs.negative).toBe((n * (n - 1)) / 2);
    // Takes 0.4–0.6 s on one core of a 2-core server; the margin allows for load.
    expect(performance.now() - start).toBeLessThan(4000);
  });
});

describe('hardestPairs', () => {
  test('equals sorting every pair', () => {
    fc.assert(
      fc.property(
        embeddingsArbitrary,
        fc.integer({ min: 1, max: 12 }),
        ({ embeddings, dimensions, labels }, count) => {
          const pairs = allPairs(embeddings, dimensions, labels);
          const expected = (positive: boolean) =>
            pairs
              .filter((pair) => pair.positive === positive)
              .sort((x, y) => (positive ? 1 : -1) * (x.score - y.score) || x.a - y.a || x.b - y.b)
              .slice(0, count)
              .map(({ a, b, score }) => ({ a, b, score }));
          expect(hardestPairs(embeddings, dimensions, labels, count)).toEqual({
            positives: expected(true),
            negatives: expected(false),
          });
        },
      ),
      { numRuns: 100 },
    );
  });

  test('says what is wrong with bad input', () => {
    const embeddings = Float32Array.from([1, 0, 0, 1]);
    expect(() => hardestPairs(embeddings, 2, Int32Array.from([0]))).toThrow('1 entries for 2 rows');
    expect(() => hardestPairs(embeddings, 2, Int32Array.from([0, 1]), 0)).toThrow('count must be');
  });
});
