import { describe, expect, test } from 'vitest';
import { type RetrievalMetrics, type RetrievalOptions, retrievalMetrics } from '../src/index.js';
import golden from './golden/retrieval.json';

const METRICS = [
  'precisionAt1',
  'rPrecision',
  'mapAtR',
  'meanAveragePrecision',
  'meanReciprocalRank',
] as const;
type Values = Record<(typeof METRICS)[number], number>;

interface Rows {
  dimensions: number;
  labels: number[];
  values: number[];
}

const valuesOf = (metrics: RetrievalMetrics) =>
  Object.fromEntries(METRICS.map((name) => [name, metrics[name].value])) as Values;

/** AccuracyCalculator averages in float32 for the reciprocal rank, in float64 otherwise. */
function expectEqual(metrics: RetrievalMetrics, expected: Values): void {
  for (const name of METRICS) {
    expect(valuesOf(metrics)[name], name).toBeCloseTo(expected[name], name === 'meanReciprocalRank' ? 6 : 12);
  }
}

function leaveOneOut({ dimensions, labels, values }: Rows, options: RetrievalOptions = {}): RetrievalMetrics {
  const rows = Float32Array.from(values);
  const all = Int32Array.from(labels);
  const exclude = all.map((_, i) => i);
  return retrievalMetrics(rows, all, rows, all, dimensions, { exclude, ...options });
}

function againstRest({ dimensions, labels, values }: Rows, half: number): RetrievalMetrics {
  const rows = Float32Array.from(values);
  const all = Int32Array.from(labels);
  const at = half * dimensions;
  return retrievalMetrics(
    rows.subarray(0, at),
    all.subarray(0, half),
    rows.subarray(at),
    all.subarray(half),
    dimensions,
  );
}

describe('retrievalMetrics', () => {
  test("equals pytorch-metric-learning's AccuracyCalculator without ties", () => {
    expectEqual(leaveOneOut(golden.free), golden.freeLeaveOneOut);
    expectEqual(againstRest(golden.free, golden.half), golden.freeAgainstRest);
  });

  test('equals it with many exact ties, identities of one row, and queries without a match', () => {
    expectEqual(leaveOneOut(golden.tied), golden.tiedLeaveOneOut);
    expectEqual(leaveOneOut(golden.tied, { averageOver: 'identities' }), golden.tiedLeaveOneOutByIdentity);
    const rest = againstRest(golden.tied, golden.half);
    expectEqual(rest, golden.tiedAgainstRest);
    expect(rest.queriesWithoutMatch).toBeGreaterThanOrEqual(6);
    expect(rest.queries + rest.queriesWithoutMatch).toBe(golden.half);
  });

  // The query is (1, 0). By score the gallery is: other, match, match, other, match.
  const query = Float32Array.of(1, 0);
  const gallery = Float32Array.from([0.9, 0.8, 0.7, 0.6, 0.5].flatMap((x) => [x, Math.sqrt(1 - x * x)]));
  const labels = Int32Array.of(2, 1, 1, 3, 1);
  const one = (options: RetrievalOptions) =>
    retrievalMetrics(query, Int32Array.of(1), gallery, labels, 2, options);

  test('computes each metric as defined', () => {
    const metrics = one({ k: [1, 2, 3, 5, 9] });
    expect(valuesOf(metrics)).toEqual({
      precisionAt1: 0,
      rPrecision: 2 / 3,
      mapAtR: (1 / 2 + 2 / 3) / 3,
      meanAveragePrecision: (1 / 2 + 2 / 3 + 3 / 5) / 3,
      meanReciprocalRank: 1 / 2,
    });
    expect(metrics.recallAtK.map(({ value }) => value)).toEqual([0, 1, 1, 1, 1]);
    expect(metrics.precisionAtK.map(({ value }) => value)).toEqual([0, 1 / 2, 2 / 3, 3 / 5, 3 / 9]);
    expect(metrics.galleryRows).toBe(5);
  });

  test("leaves out gallery rows of the query's own identity and group, as person re-identification does", () => {
    const metrics = one({ queryGroups: Int32Array.of(7), galleryGroups: Int32Array.of(7, 7, 8, 7, 8) });
    // Without row 1: other, match, other, match.
    expect(metrics.meanAveragePrecision.value).toBe((1 / 2 + 2 / 4) / 2);
  });

  test('does not depend on how the gallery is cut into tiles', () => {
    const count = 300;
    const rows = Float32Array.from({ length: count * 6 }, (_, k) => Math.sin(k * k + 1));
    const own = Int32Array.from({ length: count }, (_, i) => i % 37);
    const whole = leaveOneOut({ dimensions: 6, labels: [...own], values: [...rows] });
    const ranks: number[] = [];
    for (let i = 0; i < count; i++) {
      const cosine = (j: number) => {
        let [dot, a, b] = [0, 0, 0];
        for (let d = 0; d < 6; d++) {
          dot += rows[i * 6 + d] * rows[j * 6 + d];
          a += rows[i * 6 + d] ** 2;
          b += rows[j * 6 + d] ** 2;
        }
        return dot / Math.sqrt(a * b);
      };
      const order = [...own.keys()].filter((j) => j !== i).sort((a, b) => cosine(b) - cosine(a) || a - b);
      ranks.push(order.findIndex((j) => own[j] === own[i]) + 1);
    }
    const expected = ranks.reduce((sum, rank) => sum + 1 / rank, 0) / count;
    expect(whole.meanReciprocalRank.value).toBeCloseTo(expected, 9);
  });

  test('gives wider intervals over identities whose queries fail together', () => {
    const dimensions = 4;
    const own = Int32Array.from({ length: 40 }, (_, i) => Math.floor(i / 10));
    // Identities 0 and 1 are apart; identities 2 and 3 share one point, so ties by row hide the matches of 3.
    const rows = Float32Array.from({ length: 40 * dimensions }, (_, k) => {
      const identity = Math.min(2, own[Math.floor(k / dimensions)]);
      return k % dimensions === identity ? 1 : 0;
    });
    const exclude = own.map((_, i) => i);
    const by = (intervalsOver: 'queries' | 'identities') =>
      retrievalMetrics(rows, own, rows, own, dimensions, { exclude, intervalsOver }).precisionAt1;
    expect(by('queries').value).toBe(0.75);
    expect(by('identities').value).toBe(0.75);
    const width = ({ interval }: { interval: { low: number; high: number } }) => interval.high - interval.low;
    expect(width(by('identities'))).toBeGreaterThan(1.5 * width(by('queries')));
  });

  test('says what is wrong with bad input', () => {
    expect(() => one({ k: [0] })).toThrow('k must be integers of at least 1, got 0.');
    expect(() => one({ exclude: Int32Array.of(5) })).toThrow('exclude names gallery row 5');
    expect(() => one({ queryGroups: Int32Array.of(1) })).toThrow('belong together');
    expect(() => retrievalMetrics(query, Int32Array.of(9), gallery, labels, 2)).toThrow(
      'No query has a match',
    );
    expect(() =>
      retrievalMetrics(Float32Array.of(Number.NaN, 0), Int32Array.of(1), gallery, labels, 2),
    ).toThrow('query: row 0');
  });
});
