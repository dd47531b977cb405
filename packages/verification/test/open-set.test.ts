import { Random } from '@unitsphere/core/random';
import { describe, expect, test } from 'vitest';
import { clusteredRate } from '../src/clustered-rate.js';
import { openSetIdentification, pairFprForGallery, wilsonInterval } from '../src/index.js';

const dimensions = 4;

/** Draws a gallery of identities 0 … enrolled − 1, and probes of these and `others` more. */
function drawPeople(enrolled: number, others: number, probesPerIdentity: number, seed: number, noise = 0.5) {
  const random = new Random(seed);
  const centers = Array.from({ length: enrolled + others }, () =>
    Array.from({ length: dimensions }, () => random.normal()),
  );
  const sample = (identity: number) => centers[identity].map((v) => v + noise * random.normal());
  const rows = (labels: number[]) => ({
    embeddings: Float32Array.from(labels.flatMap(sample)),
    labels: Int32Array.from(labels),
  });
  const range = (n: number) => Array.from({ length: n }, (_, k) => k);
  return {
    gallery: rows(range(enrolled).flatMap((k) => [k, k])),
    probes: rows(range(enrolled + others).flatMap((k) => range(probesPerIdentity).map(() => k))),
  };
}

function run({ gallery, probes }: ReturnType<typeof drawPeople>, options = {}) {
  return openSetIdentification(
    gallery.embeddings,
    gallery.labels,
    probes.embeddings,
    probes.labels,
    dimensions,
    options,
  );
}

function cosine(x: ArrayLike<number>, i: number, y: ArrayLike<number>, j: number): number {
  const row = (m: ArrayLike<number>, r: number) =>
    Array.from({ length: dimensions }, (_, d) => m[r * dimensions + d]);
  const unit = (v: number[]) =>
    v.map((value) => value * (1 / Math.sqrt(v.reduce((sum, w) => sum + w * w, 0))));
  const [a, b] = [unit(row(x, i)), unit(row(y, j))];
  return Math.fround(a.reduce((sum, v, d) => sum + v * b[d], 0));
}

function subsets(n: number, size: number): number[][] {
  if (size === 0) return [[]];
  return Array.from({ length: n - size + 1 }, (_, k) => n - 1 - k).flatMap((last) =>
    subsets(last, size - 1).map((rest) => [...rest, last]),
  );
}

/** Computes the mean rates at a threshold by enrolling every gallery of a size. */
function bruteRates({ gallery, probes }: ReturnType<typeof drawPeople>, size: number, threshold: number) {
  const identities = Math.max(...gallery.labels) + 1;
  const score = (probe: number, identity: number) =>
    Math.max(
      ...[...gallery.labels.keys()]
        .filter((row) => gallery.labels[row] === identity)
        .map((row) => cosine(probes.embeddings, probe, gallery.embeddings, row)),
    );
  const table = Array.from(probes.labels, (_, p) =>
    Array.from({ length: identities }, (_, c) => score(p, c)),
  );
  const mean = (values: number[]) => values.reduce((sum, v) => sum + v, 0) / values.length;
  const galleries = subsets(identities, size);
  const fpir = mean(
    [...probes.labels.keys()]
      .filter((p) => probes.labels[p] >= identities)
      .map((p) => mean(galleries.map((g) => (g.some((c) => table[p][c] >= threshold) ? 1 : 0)))),
  );
  const fnir = mean(
    [...probes.labels.keys()]
      .filter((p) => probes.labels[p] < identities)
      .map((p) => {
        const own = probes.labels[p];
        const galleriesWithOwn = galleries.filter((g) => g.includes(own));
        return mean(
          galleriesWithOwn.map((g) =>
            table[p][own] >= threshold && !g.some((c) => c !== own && table[p][c] >= table[p][own]) ? 0 : 1,
          ),
        );
      }),
  );
  return { fpir, fnir };
}

describe('openSetIdentification', () => {
  test('equals the mean over every gallery of a size, at the lowest threshold within the target', () => {
    const data = drawPeople(7, 5, 3, 1);
    const gallerySizes = [1, 3, 7];
    const fpirs = [0.6, 0.3, 0.1];
    const { points, ...counts } = run(data, { gallerySizes, fpirs });
    expect(counts).toEqual({ mated: 21, nonMated: 15, identities: 7 });
    expect(points.map((p) => [p.gallerySize, p.targetFpir])).toEqual(
      gallerySizes.flatMap((size) => fpirs.map((fpir) => [size, fpir])),
    );
    for (const point of points) {
      const brute = bruteRates(data, point.gallerySize, point.threshold);
      expect(point.fpir).toBeCloseTo(brute.fpir, 12);
      expect(point.fnir).toBeCloseTo(brute.fnir, 12);
      expect(point.fpir).toBeLessThanOrEqual(point.targetFpir);
      // A threshold one float32 lower accepts one more score and exceeds the target.
      const lower = bruteRates(data, point.gallerySize, point.threshold - 2 ** -24);
      expect(lower.fpir).toBeGreaterThan(point.targetFpir);
      expect(point.resolved).toBe(15 * point.targetFpir >= 1);
      expect(point.thresholdInterval.low).toBeLessThanOrEqual(point.threshold);
      expect(point.thresholdInterval.high ?? 2).toBeGreaterThanOrEqual(point.threshold);
      expect(point.fpirInterval.high).toBeGreaterThanOrEqual(point.fpir);
      expect(point.fnirInterval.low).toBeLessThanOrEqual(point.fnir);
    }
  });

  test('raises the threshold with the gallery size', () => {
    const gallerySizes = [2, 20, 200];
    const { points } = run(drawPeople(200, 100, 2, 3), { gallerySizes, fpirs: [0.05] });
    const thresholds = points.map((point) => point.threshold);
    expect(thresholds).toEqual([...thresholds].sort((x, y) => x - y));
    expect(thresholds[2] - thresholds[0]).toBeGreaterThan(0.02);
    const fnirs = points.map((point) => point.fnir);
    expect(fnirs).toEqual([...fnirs].sort((x, y) => x - y));
  });

  test('has no upper threshold for few probes', () => {
    const { points } = run(drawPeople(5, 3, 1, 2), { fpirs: [0.001] });
    expect(points[0]).toMatchObject({ resolved: false, fpir: 0 });
    expect(points[0].thresholdInterval.high).toBeNull();
  });

  test('covers the true threshold about as often as stated', () => {
    // One gallery and 200 draws of non-mated people. The true threshold comes from 4,000 of them.
    const gallery = drawPeople(30, 0, 1, 5).gallery;
    const draw = (seed: number, count: number, each: number) => {
      const random = new Random(seed);
      const labels = Array.from({ length: count * each }, (_, k) => 1000 + Math.floor(k / each));
      const embeddings = new Float32Array(labels.length * dimensions);
      for (let c = 0; c < count; c++) {
        const center = Array.from({ length: dimensions }, () => random.normal());
        for (let k = 0; k < each * dimensions; k++) {
          embeddings[c * each * dimensions + k] = center[k % dimensions] + 0.3 * random.normal();
        }
      }
      const mated = gallery.embeddings.subarray(0, dimensions);
      const probes = {
        embeddings: Float32Array.from([...embeddings, ...mated]),
        labels: Int32Array.from([...labels, gallery.labels[0]]),
      };
      return run({ gallery, probes }, { fpirs: [0.1] }).points[0];
    };
    const truth = draw(99, 4000, 1).threshold;
    let covered = 0;
    for (let seed = 0; seed < 200; seed++) {
      const { low, high } = draw(seed, 60, 4).thresholdInterval;
      if (low <= truth && truth <= (high ?? 2)) covered++;
    }
    // 95 % of 200 minus three standard errors, and 2 for the error of the true threshold.
    expect(covered).toBeGreaterThanOrEqual(179);
  });

  test('says what is wrong with bad input', () => {
    const data = drawPeople(3, 2, 1, 1);
    expect(() => run(data, { fpirs: [1] })).toThrow('fpirs: 1');
    expect(() => run(data, { gallerySizes: [4] })).toThrow('gallerySizes: 4 is not an integer in 1…3');
    expect(() => run({ ...data, probes: data.gallery })).toThrow('the FPIR is undefined');
    const { embeddings, labels } = data.probes;
    const strangers = { embeddings: embeddings.subarray(3 * dimensions), labels: labels.subarray(3) };
    expect(() => run({ ...data, probes: strangers })).toThrow('the FNIR is undefined');
  });
});

describe('clusteredRate', () => {
  test("equals Wilson's interval if every cluster is one value", () => {
    const values = Array.from({ length: 40 }, (_, k) => (k < 7 ? 1 : 0));
    const { rate, interval } = clusteredRate(values, [...values.keys()]);
    expect(rate).toBe(7 / 40);
    // The variance is the binomial one times n / (n − 1).
    const { low, high } = wilsonInterval(7, 39);
    expect(Math.abs(interval.low - low)).toBeLessThan(0.006);
    expect(Math.abs(interval.high - high)).toBeLessThan(0.006);
  });

  test('counts a cluster of equal values as one trial', () => {
    const values = Array.from({ length: 400 }, (_, k) => (k < 70 ? 1 : 0));
    const tens = values.map((_, k) => Math.floor(k / 10));
    const clustered = clusteredRate(values, tens).interval;
    const alone = clusteredRate(
      Array.from({ length: 40 }, (_, k) => (k < 7 ? 1 : 0)),
      [...Array(40).keys()],
    ).interval;
    expect(clustered.low).toBeCloseTo(alone.low, 12);
    expect(clustered.high).toBeCloseTo(alone.high, 12);
  });

  test('counts each cluster once if there is no variance', () => {
    expect(clusteredRate([0, 0, 0, 0], [1, 1, 2, 2]).interval).toEqual(wilsonInterval(0, 2));
    expect(clusteredRate([1, 1, 1], [1, 2, 3]).interval).toEqual(wilsonInterval(3, 3));
  });
});

describe('pairFprForGallery', () => {
  test('gives the target rate over N independent pairs', () => {
    for (const [fpir, n] of [
      [0.01, 1],
      [0.1, 1000],
      [1e-3, 1_000_000],
    ] as const) {
      const pair = pairFprForGallery(fpir, n);
      expect(-Math.expm1(n * Math.log1p(-pair))).toBeCloseTo(fpir, 12);
    }
    expect(pairFprForGallery(0.01, 1)).toBeCloseTo(0.01, 15);
    expect(() => pairFprForGallery(0, 5)).toThrow('fpir must be');
    expect(() => pairFprForGallery(0.5, 0)).toThrow('gallerySize must be');
  });
});
