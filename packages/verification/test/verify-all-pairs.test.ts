import { Random } from '@unitsphere/core/random';
import { readSafetensors, writeSafetensors } from '@unitsphere/core/safetensors';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { cosineOf, countingMemory, LAST_SCORE } from '../src/all-pairs/memory.js';
import { offset } from '../src/all-pairs/pointer.js';
import { rocFromScores, verifyAllPairs, verifyEmbeddings } from '../src/index.js';
import { writeUnitRows } from '../src/normalize-rows.js';
import { allPairs } from './brute-force.js';
import golden from './golden.json';

const fprs = [0.3, 0.1, 0.01, 0.001];

/** Computes every pair's score with the kernel for single pairs, which uses the same arithmetic. */
function scoreEveryPair(embeddings: Float32Array, dimensions: number, labels: Int32Array) {
  const rows = labels.length;
  const { memory, kernels, x, positives, carries } = countingMemory(rows, dimensions, 1);
  writeUnitRows(new Float32Array(memory.buffer, x, rows * dimensions), embeddings, dimensions);
  const pairs = allPairs(embeddings, dimensions, labels);
  // The unused tables serve as scratch memory.
  const a = new Int32Array(memory.buffer, positives, pairs.length).fill(0);
  a.set(pairs.map((pair) => pair.a));
  const bAt = offset(positives, 4 * pairs.length);
  const b = new Int32Array(memory.buffer, bAt, pairs.length);
  b.set(pairs.map((pair) => pair.b));
  kernels.scorePairs(x, dimensions, positives, bAt, pairs.length, carries);
  const scores = Array.from(new Int32Array(memory.buffer, carries, pairs.length), cosineOf);
  expect(scores.reduce((most, score, k) => Math.max(most, Math.abs(score - pairs[k].score)), 0)).toBeLessThan(
    1e-6,
  );
  return { scores, positive: pairs.map((pair) => pair.positive) };
}

function drawClusters(rows: number, dimensions: number, identities: number, noise: number, seed = 1) {
  const random = new Random(seed);
  const labels = Int32Array.from({ length: rows }, () => random.int(identities));
  const centers = Array.from({ length: identities * dimensions }, () => random.normal());
  const embeddings = Float32Array.from(
    { length: rows * dimensions },
    (_, k) =>
      centers[labels[Math.floor(k / dimensions)] * dimensions + (k % dimensions)] + noise * random.normal(),
  );
  return { embeddings, dimensions, labels };
}

describe('verifyAllPairs', { timeout: 60_000 }, () => {
  test('equals sorting the score of every pair, for any size, thread count and row order', async () => {
    const cases = [
      drawClusters(3, 1, 2, 1, 5),
      drawClusters(64, 5, 9, 1),
      drawClusters(301, 33, 20, 2),
      drawClusters(350, 16, 3, 1),
      // More than one block of columns, with identities that cross block edges.
      drawClusters(1030, 8, 40, 0.5),
      drawClusters(259, 130, 65, 4),
    ];
    for (const { embeddings, dimensions, labels } of cases) {
      const { scores, positive } = scoreEveryPair(embeddings, dimensions, labels);
      const expected = rocFromScores(scores, positive, { fprs, rocPoints: 50 });
      for (const threads of [1, 3]) {
        const { histogram, ...result } = await verifyAllPairs(embeddings, dimensions, labels, {
          fprs,
          rocPoints: 50,
          threads,
        });
        // The area is summed in another order.
        expect(Math.abs(result.auroc - expected.auroc)).toBeLessThan(1e-14);
        expect({ ...result, auroc: 0 }).toEqual({ ...expected, auroc: 0 });
        const bins = { positive: new Float64Array(200), negative: new Float64Array(200) };
        scores.forEach((score, k) => {
          bins[positive[k] ? 'positive' : 'negative'][Math.min(199, Math.floor(((score + 1) / 2) * 200))]++;
        });
        expect(histogram.positive).toEqual(bins.positive);
        expect(histogram.negative).toEqual(bins.negative);
      }
    }
  });

  test('agrees with scikit-learn on the same scores', async () => {
    const { dimensions, bits, labels, values, auroc, tprAtFpr } = golden.exact;
    const result = await verifyAllPairs(
      Float32Array.from(values, (value) => value / 2 ** bits),
      dimensions,
      Int32Array.from(labels),
      { fprs: tprAtFpr.map(({ fpr }) => fpr) },
    );
    expect(Math.abs(result.auroc - auroc)).toBeLessThan(1e-12);
    tprAtFpr.forEach(({ tpr, threshold, falseAccepts }, k) => {
      expect(result.tprAtFpr[k].tpr).toBeCloseTo(tpr, 12);
      expect(result.tprAtFpr[k]).toMatchObject({ threshold, falseAccepts });
    });
  });

  test('agrees with double precision within float32 rounding', async () => {
    const { embeddings, dimensions, labels } = drawClusters(600, 256, 60, 3);
    const precise = verifyEmbeddings(embeddings, dimensions, labels, { fprs });
    const ours = await verifyAllPairs(embeddings, dimensions, labels, { fprs });
    expect(Math.abs(ours.auroc - precise.auroc)).toBeLessThan(1e-8);
    ours.tprAtFpr.forEach((row, k) => {
      expect(Math.abs(row.threshold! - precise.tprAtFpr[k].threshold!)).toBeLessThan(1e-6);
    });
  });

  test('counts more than 65,536 pairs of one score', async () => {
    // All rows are one point or its opposite: 2 scores for 499,500 pairs, mixed over both identities.
    const n = 1000;
    const sign = (k: number) => (k % 3 === 0 ? -1 : 1);
    const embeddings = Float32Array.from({ length: 2 * n }, (_, k) => (k % 2 ? 0 : sign(k >> 1)));
    const labels = Int32Array.from({ length: n }, (_, k) => k % 2);
    const { pairs, histogram, tprAtFpr } = await verifyAllPairs(embeddings, 2, labels, {
      fprs: [0.6],
      bins: 2,
    });
    expect(pairs).toEqual({ positive: 2 * ((500 * 499) / 2), negative: 250_000 });
    // Each identity has 167 rows at -1 and 333 at 1; 334 rows in total are at -1.
    const opposite = [167, 167];
    const alike = opposite[0] * opposite[1] + (500 - opposite[0]) * (500 - opposite[1]);
    expect(histogram.negative).toEqual(Float64Array.of(250_000 - alike, alike));
    expect(tprAtFpr[0]).toMatchObject({ threshold: 1, falseAccepts: alike });
  });

  test('maps −1, 0, 1 and every cell to a float32', () => {
    expect([0, LAST_SCORE / 2, LAST_SCORE].map(cosineOf)).toEqual([-1, 0, 1]);
    fc.assert(
      fc.property(fc.integer({ min: 0, max: LAST_SCORE }), (score) => {
        expect(Math.fround(cosineOf(score))).toBe(cosineOf(score));
      }),
    );
  });

  test('reports progress, and stops when aborted', async () => {
    const { embeddings, dimensions, labels } = drawClusters(4000, 64, 100, 1);
    const seen: { pairs: number; total: number }[] = [];
    await verifyAllPairs(embeddings, dimensions, labels, { onProgress: (done) => seen.push(done) });
    const total = (4000 * 3999) / 2;
    expect(seen.at(-1)).toEqual({ pairs: total, total });

    const controller = new AbortController();
    const running = verifyAllPairs(embeddings, dimensions, labels, { signal: controller.signal });
    controller.abort(new Error('enough'));
    await expect(running).rejects.toThrow('enough');
    await expect(
      verifyAllPairs(embeddings, dimensions, labels, { signal: AbortSignal.abort(new Error('before')) }),
    ).rejects.toThrow('before');
  });

  test('resumes from a checkpoint with the same counts on any number of threads', async () => {
    const data = drawClusters(1600, 8, 100, 1);
    const run = (options = {}, { embeddings, dimensions, labels } = data) =>
      verifyAllPairs(embeddings, dimensions, labels, { fprs, ...options });
    const whole = await run();
    const states: Uint8Array[] = [];
    const first: number[] = [];
    // Writes a checkpoint whenever the two threads have finished a block.
    const counted = await run({
      threads: 2,
      checkpointEvery: 1e-3,
      onCheckpoint: async (state: Uint8Array) => void states.push(state),
    });
    expect(counted).toEqual(whole);
    expect(states.length).toBeGreaterThan(1);
    for (const threads of [1, 3]) {
      const seen: number[] = [];
      const resumed = await run({
        threads,
        resumeFrom: states.at(-1),
        onProgress: ({ pairs }: { pairs: number }) => seen.push(pairs),
      });
      expect(resumed).toEqual(whole);
      first.push(seen[0]);
    }
    const { metadata } = readSafetensors(states.at(-1)!);
    expect(Math.min(...first)).toBeGreaterThanOrEqual(Number(metadata.pairs));
    expect(Number(metadata.pairs)).toBeGreaterThan(Number(readSafetensors(states[0]).metadata.pairs));

    const full = new Error('the disk is full');
    await expect(run({ checkpointEvery: 1e-3, onCheckpoint: () => Promise.reject(full) })).rejects.toBe(full);
    await expect(run({ checkpointEvery: 0 })).rejects.toThrow('checkpointEvery must be');
    const resume = (resumeFrom: Uint8Array, other = data) => run({ resumeFrom }, other);
    const state = states[0];
    await expect(resume(state.subarray(0, state.length - 8))).rejects.toThrow('it is truncated');
    const damaged = Uint8Array.from(state);
    damaged[damaged.length - 20] ^= 1;
    damaged.fill(0, damaged.length - 400, damaged.length - 300);
    await expect(resume(damaged)).rejects.toThrow('resumeFrom is damaged');
    await expect(resume(state, drawClusters(1600, 8, 100, 1, 2))).rejects.toThrow(
      'resumeFrom belongs to other embeddings',
    );
    const plain = writeSafetensors(new Map(), { ...metadata, arithmetic: 'abacus' });
    await expect(resume(plain)).rejects.toThrow('counted with abacus');
    await expect(resume(writeSafetensors(new Map()))).rejects.toThrow('not a state from onCheckpoint');
  });

  test('says what is wrong with bad input', async () => {
    const embeddings = Float32Array.from([1, 0, 0, 1, 1, 1]);
    const labels = Int32Array.from([0, 0, 1]);
    const run = (x: Float32Array, l = labels, options = {}) => verifyAllPairs(x, 2, l, options);
    await expect(run(embeddings, labels, { threads: 0 })).rejects.toThrow('threads must be');
    await expect(run(embeddings, labels, { bins: 0.5 })).rejects.toThrow('bins must be');
    await expect(run(embeddings.with(3, 0).with(2, 0))).rejects.toThrow('row 1 has zero length');
    await expect(run(embeddings.with(5, Number.NaN))).rejects.toThrow('row 2 holds a NaN');
    await expect(run(embeddings, labels.with(2, 0))).rejects.toThrow('at least two identities');
    await expect(run(embeddings, Int32Array.from([0, 1, 2]))).rejects.toThrow('no pair is positive');
    await expect(run(embeddings, labels.subarray(1))).rejects.toThrow('2 entries for 3 rows');
    expect(() => countingMemory(5_000_000, 256, 2)).toThrow('5.1 GiB');
  });
});
