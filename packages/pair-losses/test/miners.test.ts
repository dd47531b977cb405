import * as tf from '@tensorflow/tfjs-core';
import { backends, start } from '@unitsphere/testing/backends';
import { type GoldenTensor, readGolden, relativeError } from '@unitsphere/testing/golden';
import { beforeAll, describe, expect, test } from 'vitest';
import * as all from '../src/index.js';
import { type Entry, integers, makeDistance, makeTuples, matrix } from './parse-case.js';

interface MinerCase {
  name: string;
  group: string;
  miner: string;
  options: object;
  distance: Entry | null;
  embeddings: GoldenTensor;
  labels: GoldenTensor;
  ref?: GoldenTensor;
  refLabels?: GoldenTensor;
  tuples: Record<string, GoldenTensor>;
}

interface ProbabilityCase {
  name: string;
  options: object;
  embeddings: GoldenTensor;
  labels: GoldenTensor;
  probabilities: GoldenTensor;
}

const golden = readGolden<MinerCase>('pair_miners').cases;
const inGroup = <T>(group: string) =>
  golden.filter((c) => c.group === group).map((c) => [c.name, c as unknown as T] as const);

function makeMiner({ miner, options, distance }: Omit<MinerCase, 'name'>, more: object = {}): all.Miner {
  const Miner = (all as unknown as Record<string, new (options: object) => all.Miner>)[miner];
  return new Miner({ ...options, ...(distance && { distance: makeDistance(distance) }), ...more });
}

/** Returns the tuples as text, pairs sorted by anchor and column. */
function sortTuples(tuples: all.Tuples): string[] {
  const rows = (...lists: Int32Array[]) =>
    [...lists[0].keys()].map((k) => lists.map((list) => list[k]).join(' ')).sort();
  if ('negativeAnchors' in tuples) {
    const { anchors, positives, negativeAnchors, negatives } = tuples;
    return [...rows(anchors, positives).map((row) => `+ ${row}`), ...rows(negativeAnchors, negatives)];
  }
  return rows(tuples.anchors, tuples.positives, tuples.negatives);
}

describe.each(backends)('%s', (backend) => {
  beforeAll(() => start(backend));

  test.each(inGroup<MinerCase>('miner'))('%s', async (_name, c) => {
    const before = tf.memory().numTensors;
    const embeddings = matrix(c.embeddings);
    const ref = c.ref && matrix(c.ref);
    const call = ref && c.refLabels ? { ref, refLabels: integers(c.refLabels) } : {};
    const expected = sortTuples(makeTuples(c.tuples));
    expect(sortTuples(makeMiner(c).mine(embeddings, integers(c.labels), call))).toEqual(expected);
    const inBlocks = await makeMiner(c, { blockRows: 3 }).mineAsync(embeddings, integers(c.labels), call);
    expect(sortTuples(inBlocks)).toEqual(expected);
    tf.dispose([embeddings, ref ?? []]);
    expect(tf.memory().numTensors).toBe(before);
  });
});

describe('DistanceWeightedMiner', () => {
  beforeAll(() => start('cpu'));

  test.each(inGroup<ProbabilityCase>('probabilities'))('%s', (_name, c) => {
    const miner = new all.DistanceWeightedMiner(c.options);
    const [rows, dimensions] = c.embeddings.shape;
    const labels = integers(c.labels);
    const distance = new all.LpDistance();
    const distances = tf.tidy(() => {
      const x = distance.prepare(matrix(c.embeddings)).value;
      return distance.matrix(x, x).value.arraySync();
    });
    for (let anchor = 0; anchor < rows; anchor++) {
      const others = [...labels.keys()].filter((row) => labels[row] !== labels[anchor]);
      const found = miner.probabilities(
        others.map((row) => distances[anchor][row]),
        dimensions,
      );
      const expected = others.map((row) => c.probabilities.data[anchor * rows + row]);
      expect(relativeError(found, expected)).toBeLessThan(1e-4);
    }
  });

  test('draws negatives with their probabilities and positives uniformly', { timeout: 60_000 }, () => {
    const [, c] = inGroup<ProbabilityCase>('probabilities')[0];
    const labels = integers(c.labels);
    const rows = labels.length;
    const embeddings = matrix(c.embeddings);
    const miner = new all.DistanceWeightedMiner({ seed: 7 });
    const negatives = new Float64Array(rows * rows);
    const positives = new Float64Array(rows * rows);
    const draws = new Float64Array(rows);
    for (let round = 0; round < 1000; round++) {
      const found = miner.mine(embeddings, labels);
      found.anchors.forEach((anchor, k) => {
        draws[anchor]++;
        negatives[anchor * rows + found.negatives[k]]++;
        positives[anchor * rows + found.positives[k]]++;
      });
    }
    embeddings.dispose();
    const classSize = (row: number) => labels.filter((label) => label === labels[row]).length;
    for (let anchor = 0; anchor < rows; anchor++) {
      const size = classSize(anchor);
      // A triplet per row of the anchor's class; none without a positive.
      expect(draws[anchor]).toBe(size > 1 ? 1000 * size : 0);
      if (size === 1) continue;
      for (let row = 0; row < rows; row++) {
        const count = draws[anchor];
        const within = (probability: number) =>
          5 * Math.sqrt((probability * (1 - probability)) / count) + 1e-9;
        const p = c.probabilities.data[anchor * rows + row];
        expect(Math.abs(negatives[anchor * rows + row] / count - p)).toBeLessThanOrEqual(within(p));
        const isPositive = row !== anchor && labels[row] === labels[anchor];
        const q = isPositive ? 1 / (size - 1) : 0;
        expect(Math.abs(positives[anchor * rows + row] / count - q)).toBeLessThanOrEqual(within(q));
      }
    }
  });

  test('draws the same triplets with the same seed, and others with another', () => {
    const [, c] = inGroup<ProbabilityCase>('probabilities')[0];
    const embeddings = matrix(c.embeddings);
    const draw = (seed: number) =>
      [...new all.DistanceWeightedMiner({ seed }).mine(embeddings, integers(c.labels)).negatives].join();
    expect(draw(1)).toBe(draw(1));
    expect(draw(1)).not.toBe(draw(2));
    embeddings.dispose();
  });
});

test('every miner returns empty lists for one class and for classes of one row', async () => {
  await start('cpu');
  const x = tf.randomNormal([4, 3], 0, 1, 'float32', 1) as tf.Tensor2D;
  for (const labels of [Int32Array.of(1, 1, 1, 1), Int32Array.of(0, 1, 2, 3)]) {
    for (const miner of [
      new all.BatchHardMiner(),
      new all.BatchEasyHardMiner(),
      new all.TripletMarginMiner(),
      new all.AngularMiner(),
      new all.DistanceWeightedMiner(),
      new all.MultiSimilarityMiner(),
    ]) {
      for (const list of Object.values(miner.mine(x, labels))) expect(list).toHaveLength(0);
    }
  }
  x.dispose();
});

test('every miner refuses non-finite embeddings and wrong labels', async () => {
  await start('cpu');
  const x = tf.tensor2d([
    [1, Number.NaN],
    [0, 1],
  ]);
  for (const miner of [new all.BatchHardMiner(), new all.AngularMiner(), new all.MultiSimilarityMiner()]) {
    expect(() => miner.mine(x, Int32Array.of(0, 1))).toThrow(/NaN/);
    await expect(miner.mineAsync(x, Int32Array.of(0, 1))).rejects.toThrow(/NaN/);
    expect(() => miner.mine(x, Int32Array.of(0))).toThrow(RangeError);
    expect(() => miner.mine(x, [0, 1] as never)).toThrow(TypeError);
    expect(() => miner.mine(x, Int32Array.of(0, 1), { ref: x })).toThrow(/refLabels/);
  }
  x.dispose();
});

test('miners refuse options out of range', () => {
  expect(() => new all.TripletMarginMiner({ type: 'medium' as never })).toThrow(/medium/);
  expect(() => new all.BatchEasyHardMiner({ positives: 'semihard', negatives: 'semihard' })).toThrow(
    RangeError,
  );
  expect(() => new all.BatchEasyHardMiner({ positives: 'all', negatives: 'semihard' })).toThrow(RangeError);
  expect(() => new all.BatchEasyHardMiner({ positives: 'near' as never })).toThrow(/near/);
  expect(() => new all.DistanceWeightedMiner({ cutoff: 0 })).toThrow(RangeError);
  expect(() => new all.AngularMiner({ angle: 90 })).toThrow(RangeError);
  expect(() => new all.BatchHardMiner({ blockRows: 0 })).toThrow(RangeError);
});
