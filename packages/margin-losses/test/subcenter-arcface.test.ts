import * as tf from '@tensorflow/tfjs-core';
import { start } from '@unitsphere/testing/backends';
import { type GoldenTensor, readGolden, relativeError } from '@unitsphere/testing/golden';
import { beforeAll, expect, test } from 'vitest';
import { ArcFace, SubCenterArcFace } from '../src/index.js';

interface Case {
  name: string;
  loss: string;
  options: Record<string, number>;
  reducer: unknown;
  tuples?: unknown;
  embeddings: GoldenTensor;
  labels: GoldenTensor;
  proxies: GoldenTensor;
  value: number;
}

const cases = readGolden<Case>('pair_losses')
  .cases.filter((c) => c.loss === 'SubCenterArcFaceLoss' && !c.reducer && !c.tuples)
  .map((c) => [c.name, c] as const);

beforeAll(() => start('cpu'));

const unit = (t: GoldenTensor) => {
  const x = tf.tensor2d(t.data as Float32Array, t.shape as [number, number]);
  return tf.div(x, tf.sqrt(tf.sum(tf.square(x), 1, true))) as tf.Tensor2D;
};

test.each(cases)('equals pytorch-metric-learning: %s', (_name, c) => {
  const { subCenters = 3, margin = 28.6, scale = 64 } = c.options;
  const loss = new SubCenterArcFace({
    subCenters,
    margin: (margin * Math.PI) / 180,
    scale,
    monotonic: true,
  });
  tf.tidy(() => {
    const cosines = tf.matMul(unit(c.embeddings), unit(c.proxies), false, true) as tf.Tensor2D;
    const value = loss.loss(cosines, c.labels.data as Int32Array).dataSync() as Float32Array;
    const expected = { shape: [1], dtype: 'float32' as const, data: Float32Array.of(c.value) };
    expect(relativeError(value, expected)).toBeLessThan(1e-4);
  });
});

test('the gradient reaches the nearest sub-center alone, and nothing leaks', () => {
  const before = tf.memory().numTensors;
  const loss = new SubCenterArcFace({ subCenters: 2, scale: 4 });
  const labels = Int32Array.of(0, 1);
  tf.tidy(() => {
    const cosines = tf.tensor2d([0.1, 0.3, -0.2, -0.4, 0.5, 0.2, 0.6, 0.7], [2, 4]);
    const nearest = tf.tensor2d([0.3, -0.2, 0.5, 0.7], [2, 2]);
    const actual = tf
      .grad((x: tf.Tensor) => loss.loss(x as tf.Tensor2D, labels))(cosines)
      .arraySync() as number[][];
    const expected = tf
      .grad((x: tf.Tensor) => new ArcFace({ scale: 4 }).loss(x as tf.Tensor2D, labels))(nearest)
      .arraySync() as number[][];
    // Adding 0 turns −0 into 0.
    expect(actual.map((row) => row.map((x) => x + 0))).toEqual([
      [0, expected[0][0], expected[0][1], 0],
      [expected[1][0], 0, 0, expected[1][1]],
    ]);
    expect(loss.logits(cosines, labels).shape).toEqual([2, 2]);
  });
  expect(tf.memory().numTensors).toBe(before);
});

test('finds the dominant sub-centers and the rows far from them', async () => {
  const loss = new SubCenterArcFace({ subCenters: 2 });
  const cosines = tf.tensor2d([0.9, 0, 0, 0, 0.8, 0.1, 0, 0, 0.1, 0.7, 0, 0, 0, 0, 0.2, 0.9], [4, 4]);
  const found = await loss.findOutliers(cosines, Int32Array.of(0, 0, 0, 1));
  expect(found).toEqual({ dominant: Int32Array.of(0, 1), outliers: Int32Array.of(2) });
  await expect(loss.findOutliers(cosines, Int32Array.of(0, 0, 0, 2))).rejects.toThrow(
    'the label of row 3 is 2',
  );
  cosines.dispose();
});

test('refuses columns that are not whole classes', () => {
  expect(() => new SubCenterArcFace({ subCenters: 0 })).toThrow('subCenters must be a positive integer');
  const loss = new SubCenterArcFace({ subCenters: 3 });
  expect(() => tf.tidy(() => loss.loss(tf.zeros([1, 4]), Int32Array.of(0)))).toThrow(
    '4 columns of cosines are no multiple of 3 sub-centers',
  );
});
