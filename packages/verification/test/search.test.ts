import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { identificationRate, nearestNeighbors } from '../src/index.js';

const dimensions = 3;
const row = fc
  .array(fc.integer({ min: -2, max: 2 }), { minLength: dimensions, maxLength: dimensions })
  .filter((values) => values.some((v) => v !== 0));
const matrix = (rows: number[][]) => Float32Array.from(rows.flat());

function cosine(a: number[], b: number[]): number {
  // Scaling before the sum, as the tested code does, gives the same ties.
  const unit = (v: number[]) => {
    const scale = 1 / Math.sqrt(v.reduce((sum, x) => sum + x * x, 0));
    return v.map((x) => x * scale);
  };
  const [x, y] = [unit(a), unit(b)];
  const dot = x.reduce((sum, v, d) => sum + v * y[d], 0);
  return Math.fround(Math.max(-1, Math.min(1, dot)));
}

describe('nearestNeighbors', () => {
  test('equals sorting the gallery for each query, with ties ordered by row', () => {
    fc.assert(
      fc.property(
        fc.array(row, { minLength: 1, maxLength: 70 }),
        fc.array(row, { minLength: 2, maxLength: 140 }),
        fc.nat(),
        fc.boolean(),
        (queries, gallery, pick, excluding) => {
          const k = 1 + (pick % (gallery.length - 1));
          const exclude = Int32Array.from(queries, (_, i) => (excluding ? (i + pick) % gallery.length : -1));
          const found = nearestNeighbors(matrix(queries), matrix(gallery), dimensions, k, { exclude });
          queries.forEach((query, i) => {
            const expected = gallery
              .map((candidate, j) => ({ j, score: cosine(query, candidate) }))
              .filter(({ j }) => j !== exclude[i])
              .sort((x, y) => y.score - x.score || x.j - y.j)
              .slice(0, k);
            expect([...found.indices.subarray(i * k, (i + 1) * k)]).toEqual(expected.map(({ j }) => j));
            expect([...found.scores.subarray(i * k, (i + 1) * k)]).toEqual(expected.map((e) => e.score));
          });
        },
      ),
      { numRuns: 60 },
    );
  });

  test('says what is wrong with bad input', () => {
    const gallery = matrix([
      [1, 0, 0],
      [0, 1, 0],
    ]);
    const none = new Int32Array(2).fill(-1);
    expect(() => nearestNeighbors(gallery, gallery, 3, 3)).toThrow('k must be an integer in 1…2');
    expect(() => nearestNeighbors(gallery, gallery, 3, 2, { exclude: Int32Array.from([0, 1]) })).toThrow(
      '1…1',
    );
    expect(() => nearestNeighbors(gallery, gallery, 3, 1, { exclude: none.subarray(1) })).toThrow(
      '1 entries',
    );
    expect(() => nearestNeighbors(gallery, gallery, 3, 1, { exclude: none.with(0, 2) })).toThrow('row 2');
    expect(() => nearestNeighbors(gallery.with(0, 0), gallery, 3, 1)).toThrow('query: row 0 has zero length');
  });
});

describe('identificationRate', () => {
  const axes = matrix([
    [1, 0, 0],
    [0, 1, 0],
    [0, 0, 1],
  ]);

  test('ranks identities by their best template', () => {
    const gallery = matrix([
      [1, 0, 0],
      [0, 1, 0],
      [0, 0, 1],
      [1, 1, 0],
    ]);
    const galleryLabels = Int32Array.from([10, 20, 30, 30]);
    const probes = matrix([
      [10, 1, 0],
      [2, 3, 0],
      [1, 2, 9],
    ]);
    // The second probe is nearest to identity 30 (its diagonal row), then to 20, then to 10.
    const result = identificationRate(
      gallery,
      galleryLabels,
      probes,
      Int32Array.from([10, 10, 30]),
      3,
      [1, 2, 3],
    );
    expect([...result.rankOfProbe]).toEqual([1, 3, 1]);
    expect(result.rates.map((r) => r.correct)).toEqual([2, 2, 3]);
    expect(result).toMatchObject({ probes: 3, identities: 3 });
    expect(result.rates[0].rate).toBe(2 / 3);
  });

  test('scores a collapsed model 0', () => {
    const same = new Float32Array(9).fill(1);
    const labels = Int32Array.from([0, 1, 2]);
    const { rates } = identificationRate(same, labels, same, labels, 3, [1, 2, 3]);
    expect(rates.map((r) => r.rate)).toEqual([0, 0, 1]);
  });

  test('equals brute force', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(row, fc.nat(6)), { minLength: 1, maxLength: 150 }),
        fc.array(fc.tuple(row, fc.nat()), { minLength: 1, maxLength: 80 }),
        (gallery, picks) => {
          const probes = picks.map(([values, pick]) => ({
            values,
            label: gallery[pick % gallery.length][1],
          }));
          const labels = [...new Set(gallery.map(([, label]) => label))];
          const expected = probes.map(({ values, label }) => {
            const best = (l: number) =>
              Math.max(...gallery.filter(([, other]) => other === l).map(([g]) => cosine(values, g)));
            return labels.filter((l) => best(l) >= best(label)).length;
          });
          const result = identificationRate(
            matrix(gallery.map(([values]) => values)),
            Int32Array.from(gallery, ([, label]) => label),
            matrix(probes.map(({ values }) => values)),
            Int32Array.from(probes, ({ label }) => label),
            dimensions,
          );
          expect([...result.rankOfProbe]).toEqual(expected);
        },
      ),
      { numRuns: 60 },
    );
  });

  test('says what is wrong with bad input', () => {
    const labels = Int32Array.from([0, 1, 2]);
    const run = (probeLabels: Int32Array, ranks?: number[]) =>
      identificationRate(axes, labels, axes, probeLabels, 3, ranks);
    expect(() => run(Int32Array.from([0, 1, 9]))).toThrow(
      'Probe 2 has identity 9, which is not in the gallery',
    );
    expect(() => run(labels, [0])).toThrow('ranks must be integers');
    expect(() => run(labels.subarray(1))).toThrow('probeLabels has 2 entries for 3 rows');
    expect(() => identificationRate(axes, labels, new Float32Array(), new Int32Array(), 3)).toThrow(
      'no probe',
    );
  });
});
