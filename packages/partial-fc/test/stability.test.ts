/** Cases in which float32 lacks precision: cosines of ±1 at scale 64, confident rows, classes without a sample. */
import * as tf from '@tensorflow/tfjs-core';
import { ArcFace, CombinedMargin, CosFace, type LabelMarginLoss } from '@unitsphere/margin-losses';
import { backends, start } from '@unitsphere/testing/backends';
import { beforeEach, describe, expect, test } from 'vitest';
import { PartialFC, RowSGD } from '../src/index.js';

const [classes, dimensions] = [6, 3];
// Classes 0 and 1 are opposite, 2 and 3 the same, 4 and 5 orthogonal to the others.
const centers = [
  [0.02, 0, 0],
  [-0.03, 0, 0],
  [0, 1, 0],
  [0, 5, 0],
  [0, 0, 1e-6],
  [0, 0, -2],
];
const losses: [string, LabelMarginLoss][] = [
  ['CosFace', new CosFace()],
  ['ArcFace', new ArcFace()],
  ['ArcFace, pass-through', new ArcFace({ gradient: 'pass-through' })],
  ['CombinedMargin', new CombinedMargin({ m1: 1.2, m2: 0.3, m3: 0.1 })],
];

/** Computes the loss from its definition, in float64. */
function computeReference(loss: LabelMarginLoss, embedding: number[], label: number): number {
  const unit = (v: number[]) => v.map((x) => x / Math.hypot(...v));
  const e = unit(embedding);
  const cosines = centers.map((c) => unit(c).reduce((sum, x, d) => sum + x * e[d], 0));
  const target = tf.tidy(() => loss.target(tf.tensor1d([cosines[label]])).value.dataSync()[0]);
  const logits = cosines.map((c, j) => loss.scale * (j === label ? target : c));
  const largest = Math.max(...logits);
  return largest + Math.log(logits.reduce((sum, l) => sum + Math.exp(l - largest), 0)) - logits[label];
}

describe.each(backends)('%s', (backend) => {
  beforeEach(() => start(backend));

  test.each(losses)('is accurate at scale 64 for cosines of 1 and -1: %s', async (_name, loss) => {
    for (const [embedding, label] of [
      [[3, 0, 0], 0],
      [[3, 0, 0], 1],
      [[-1e-4, 0, 0], 0],
      [[0, 2, 0], 3],
      [[0, -2, 0], 3],
      [[0, 0, 7], 4],
      [[1, 1, 1], 5],
      [[1, 1e-8, 0], 0],
    ] as [number[], number][]) {
      const partialFC = new PartialFC({
        classes,
        dimensions,
        loss,
        optimizer: new RowSGD({ momentum: 0, weightDecay: 0 }),
        initialRow: (row, out) => out.set(centers[row]),
        seed: 0,
      });
      const batch = tf.tensor2d([embedding]);
      const result = await partialFC.forwardBackward(batch, Int32Array.of(label));
      const expected = computeReference(loss, embedding, label);
      expect(Math.abs(result.loss - expected)).toBeLessThan(1e-4 * Math.max(1, expected));
      expect(Number.isFinite(result.gradientSquareSum)).toBe(true);
      expect([...result.embeddingGradient.dataSync()].every(Number.isFinite)).toBe(true);
      await partialFC.step({ lr: 1e-9 });
      expect([...(await partialFC.store.readCenters(0, classes))].every(Number.isFinite)).toBe(true);
      partialFC.dispose();
      tf.dispose([batch, result.embeddingGradient]);
    }
  });

  test('keeps the small loss of a confident row and the large loss of a wrong one', async () => {
    const partialFC = new PartialFC({
      classes,
      dimensions,
      loss: new CosFace({ scale: 64, margin: 0.1 }),
      initialRow: (row, out) => out.set(centers[row]),
      seed: 0,
    });
    const confident = tf.tensor2d([[5, 0, 0]]);
    // The other cosines are -1 once and 0 four times, against 0.9.
    const result = await partialFC.forwardBackward(confident, Int32Array.of(0));
    const expected = Math.log1p(Math.exp(-64 * 1.9) + 4 * Math.exp(-64 * 0.9));
    expect(expected).toBeLessThan(1e-23);
    expect(Math.abs(result.loss - expected) / expected).toBeLessThan(1e-4);
    partialFC.discard();
    const wrong = await partialFC.forwardBackward(confident, Int32Array.of(1));
    expect(wrong.loss).toBeCloseTo(64 * 2.1, 4);
    partialFC.dispose();
    tf.dispose([confident, result.embeddingGradient, wrong.embeddingGradient]);
  });

  test('classes without a sample are pushed away by their probability alone, and a zero center stays zero', async () => {
    const partialFC = new PartialFC({
      classes,
      dimensions,
      loss: new CosFace({ scale: 4 }),
      optimizer: new RowSGD({ momentum: 0, weightDecay: 0 }),
      initialRow: (row, out) => out.set(row === 5 ? [0, 0, 0] : centers[row]),
      seed: 0,
    });
    const batch = tf.tensor2d([[1, 2, 3]]);
    const result = await partialFC.forwardBackward(batch, Int32Array.of(0));
    expect(Number.isFinite(result.loss)).toBe(true);
    expect(Number.isFinite(result.gradientSquareSum)).toBe(true);
    await partialFC.step({ lr: 1e-3 });
    const now = await partialFC.store.readCenters(0, classes);
    const cosine = (row: number, of: ArrayLike<number>) => {
      const v = Array.from(of).slice(row * dimensions, (row + 1) * dimensions);
      return (v[0] + 2 * v[1] + 3 * v[2]) / Math.hypot(...v) / Math.sqrt(14);
    };
    for (const row of [1, 2, 3]) expect(cosine(row, now)).toBeLessThan(cosine(row, centers.flat()));
    expect(cosine(0, now)).toBeGreaterThan(cosine(0, centers.flat()));
    partialFC.dispose();
    tf.dispose([batch, result.embeddingGradient]);
  });
});
