import * as tf from '@tensorflow/tfjs-core';
import { backends, start } from '@unitsphere/testing/backends';
import { type GoldenTensor, readGolden, relativeError } from '@unitsphere/testing/golden';
import { runInTidy } from '@unitsphere/testing/tidy';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { hostKernels } from '../src/host/heap.js';
import { CenterInvariantRegularizer, LpRegularizer, ZeroMeanRegularizer } from '../src/index.js';
import { type Entry, type LossCase, makeDistance, matrix, runCase } from './parse-case.js';

const TOLERANCE = 1e-4;
/** The terms of losses and gradients are of size 1: what remains of them below 1e-7 is rounding. */
const withFloor = (actual: number | Float32Array, expected: number | GoldenTensor) =>
  relativeError(
    actual,
    typeof expected === 'number'
      ? { shape: [1], dtype: 'float32', data: Float32Array.of(expected), scale: 1e-3 }
      : { ...expected, scale: Math.max(expected.scale ?? 0, 1e-3) },
  );
const all = readGolden<LossCase>('pair_losses').cases;
const inGroup = <T extends { name: string }>(group: string) =>
  all.filter((c) => c.group === group).map((c) => [c.name, c as unknown as T] as const);

interface DistanceCase {
  name: string;
  distance: Entry;
  query: GoldenTensor;
  ref: GoldenTensor;
  weights: GoldenTensor;
  matrix: GoldenTensor;
  dQuery: GoldenTensor;
  dRef: GoldenTensor;
}

interface RegularizerCase {
  name: string;
  regularizer: string;
  options: object;
  x: GoldenTensor;
  value: number;
  dX: GoldenTensor;
}

describe.each(backends)('%s', (backend) => {
  // The cpu backend checks the compositions that other backends without kernels use.
  beforeAll(async () => {
    await start(backend);
    hostKernels.areOn = backend !== 'cpu';
  });
  afterAll(() => {
    hostKernels.areOn = true;
  });

  test.each(inGroup<LossCase>('loss'))('%s', (_name, c) => {
    const before = tf.memory().numTensors;
    for (const more of c.proxies ? [{}] : [{}, { blockRows: 3 }]) {
      const { value, gradients } = runInTidy(() => runCase(c, more));
      expect(withFloor(value, c.value), 'value').toBeLessThan(TOLERANCE);
      for (const [name, gradient] of Object.entries(gradients)) {
        const expected = c[name as keyof LossCase] as GoldenTensor;
        expect(withFloor(gradient, expected), name).toBeLessThan(TOLERANCE);
      }
    }
    expect(tf.memory().numTensors).toBe(before);
  });

  test.each(inGroup<DistanceCase>('distance'))('%s', (_name, c) => {
    tf.tidy(() => {
      const distance = makeDistance(c.distance);
      const [query, ref] = [c.query, c.ref].map((x) => distance.prepare(matrix(x)));
      const { value, pullback } = distance.matrix(query.value, ref.value);
      expect(relativeError(value.dataSync(), c.matrix)).toBeLessThan(TOLERANCE);
      const [dQuery, dRef] = pullback(matrix(c.weights));
      expect(relativeError(query.pullback(dQuery).dataSync(), c.dQuery)).toBeLessThan(TOLERANCE);
      expect(relativeError(ref.pullback(dRef).dataSync(), c.dRef)).toBeLessThan(TOLERANCE);
    });
  });

  test.each(inGroup<RegularizerCase>('regularizer'))('%s', (_name, c) => {
    tf.tidy(() => {
      const classes = { LpRegularizer, CenterInvariantRegularizer, ZeroMeanRegularizer };
      const regularizer = new classes[c.regularizer as keyof typeof classes](c.options);
      const { value, grad } = tf.valueAndGrad((x: tf.Tensor) => regularizer.loss(x as tf.Tensor2D))(
        matrix(c.x),
      );
      expect(relativeError(value.dataSync(), c.value)).toBeLessThan(TOLERANCE);
      expect(relativeError(grad.dataSync(), c.dX)).toBeLessThan(TOLERANCE);
    });
  });
});
