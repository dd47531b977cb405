/** Compares `target` with the label column of the logits and of their gradients. */
import * as tf from '@tensorflow/tfjs-core';
import { backends, start } from '@unitsphere/testing/backends';
import { describe, expect, test } from 'vitest';
import {
  AdaFace,
  ArcFace,
  CombinedMargin,
  CosFace,
  CurricularFace,
  type LabelMarginLoss,
  type MarginLossOptions,
  NormalizedSoftmax,
  SphereFace,
} from '../src/index.js';
import { logitsGradient } from './reference.js';

const losses: [string, (options: MarginLossOptions) => LabelMarginLoss][] = [
  ['NormalizedSoftmax', (options) => new NormalizedSoftmax(options)],
  ['CosFace', (options) => new CosFace({ margin: 0.3, ...options })],
  ['ArcFace', (options) => new ArcFace({ margin: 0.6, ...options })],
  ['ArcFace, monotonic', (options) => new ArcFace({ margin: 0.6, monotonic: true, ...options })],
  ['CombinedMargin', (options) => new CombinedMargin({ m1: 1.1, m2: 0.2, m3: 0.1, ...options })],
  ['SphereFace', (options) => new SphereFace(options)],
  ['SphereFace-R', (options) => new SphereFace({ form: 'sphereface-r', ...options })],
  ['AdaFace', (options) => new AdaFace(options)],
  ['CurricularFace', (options) => new CurricularFace(options)],
];
const own = [-1.0000002, -1, -0.99, -0.4, 0, 0.3, 0.97, 1, 1.0000002];

describe.each(backends)('%s', (backend) => {
  test.each(losses)('%s: target matches the logits and their gradient', async (_name, make) => {
    await start(backend);
    for (const gradient of ['exact', 'pass-through'] as const) {
      const loss = make({ scale: 8, gradient });
      if (loss.statistics) loss.statistics.training = false;
      const norms = tf.linspace(1, 60, own.length);
      const before = tf.memory().numTensors;
      const cosine = tf.tensor1d(own);
      const { value, slope } = loss.target(cosine, norms);
      expect(tf.memory().numTensors).toBe(before + 3);
      const labels = new Int32Array(own.length);
      const matrix = tf.reshape(cosine, [-1, 1]) as tf.Tensor2D;
      const logits = loss.logits(matrix, labels, norms);
      // Scaling by 8 is exact.
      expect([...value.dataSync()].map((v) => 8 * v)).toEqual([...logits.dataSync()]);
      const ones = tf.ones<tf.Rank.R2>(matrix.shape);
      expect([...slope.dataSync()].map((v) => 8 * v)).toEqual([
        ...logitsGradient(loss, matrix, labels, ones, norms),
      ]);
      tf.dispose([cosine, value, slope, matrix, logits, ones]);
      expect(tf.memory().numTensors).toBe(before);
      norms.dispose();
    }
  });

  test('refuses input that is not a vector of cosines', async () => {
    await start(backend);
    tf.tidy(() => {
      expect(() => new CosFace().target(tf.ones([2, 1]) as never)).toThrow(
        'CosFace: own must be float32 [batch], but it is float32 of shape [2,1].',
      );
      expect(() => new CosFace().target(tf.ones([2], 'int32'))).toThrow(TypeError);
    });
  });
});
