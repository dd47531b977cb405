import * as tf from '@tensorflow/tfjs-core';
import { float32, Random, toFloat32 } from '@unitsphere/core';
import { start } from '@unitsphere/testing/backends';
import { beforeAll, describe, expect, test } from 'vitest';
import {
  createNeck,
  EmbeddingHead,
  Flatten,
  listHeadNorms,
  listNecks,
  type NeckName,
  resampleFeatures,
} from '../src/index.js';

beforeAll(() => start('cpu'));
const random = new Random(1);

test.each<[NeckName, number]>([
  ['flatten', 10 * 3 * 2],
  ['gap', 10],
  ['squeeze', 3 * 3 * 2],
])('%s outputs as many features as it reports', (name, features) => {
  tf.tidy(() => {
    const neck = createNeck(name, { channels: 10, height: 3, width: 2 }, { random });
    expect(neck.features).toBe(features);
    expect(neck.module.forward(tf.ones([4, 3, 2, 10])).shape).toEqual([4, features]);
    neck.module.dispose();
  });
});

test('squeezeRatio sets the number of channels, at least one', () => {
  const map = { channels: 10, height: 1, width: 1 };
  expect(createNeck('squeeze', map, { random, squeezeRatio: 0.5 }).features).toBe(5);
  expect(createNeck('squeeze', map, { random, squeezeRatio: 0.01 }).features).toBe(1);
});

test('refuses an unknown name and lists the known ones', () => {
  expect(listNecks()).toEqual(['flatten', 'gap', 'squeeze']);
  expect(listHeadNorms()).toEqual(['layernorm', 'batchnorm', 'layernorm-batchnorm', 'batchnorm-layernorm']);
  const input = { channels: 1, height: 1, width: 1 };
  expect(() => createNeck('toString' as NeckName, input, { random })).toThrow(
    'createNeck: there is no neck "toString". Known: flatten, gap, squeeze.',
  );
  expect(() => new EmbeddingHead(4, 2, { norm: 'groupnorm' as 'layernorm', random })).toThrow(
    'EmbeddingHead: there is no norm "groupnorm". Known: layernorm, batchnorm, layernorm-batchnorm, batchnorm-layernorm.',
  );
});

test("the head has the reference system's keys, and its weights depend only on the seed", async () => {
  const make = (seed: number) => new EmbeddingHead(4, 2, { norm: 'layernorm', random: new Random(seed) });
  const [a, b, c] = [make(1), make(1), make(2)];
  expect([...(await a.stateDict()).keys()]).toEqual([
    'linear1.weight',
    'norm1.weight',
    'norm1.bias',
    'linear2.weight',
    'norm2.weight',
    'norm2.bias',
  ]);
  expect(await a.stateDict()).toEqual(await b.stateDict());
  expect(await a.stateDict()).not.toEqual(await c.stateDict());
  for (const head of [a, b, c]) head.dispose();
});

describe('resampleFeatures', () => {
  const [out, channels] = [5, 3];
  const normal = (count: number, name: string) => {
    const stream = new Random(2).fork(name);
    return Float32Array.from({ length: count }, () => stream.normal());
  };
  const weightOf = (rows: number, columns: number) =>
    float32([out, channels * rows * columns], normal(out * channels * rows * columns, 'weight'));
  /** Features of a map [rows, columns, channels] by the weight of a linear layer. */
  const apply = (map: tf.Tensor3D, weight: ReturnType<typeof weightOf>) =>
    tf.tidy(() => {
      const flat = new Flatten().forward(tf.expandDims(map) as tf.Tensor4D);
      const matrix = tf.tensor2d(toFloat32(weight), weight.shape as [number, number]);
      return [...tf.matMul(flat, matrix, false, true).dataSync()];
    });

  const expectClose = (actual: ArrayLike<number>, expected: ArrayLike<number>) =>
    expect(Array.from(actual)).toEqual(Array.from(expected, (value) => expect.closeTo(value, 4)));

  test('answers an enlarged map as the old layer answers the map', () => {
    tf.tidy(() => {
      const map = tf.tensor3d(normal(2 * 3 * channels, 'map'), [2, 3, channels]);
      const enlarged = tf.image.resizeNearestNeighbor(map, [4, 9]);
      const weight = weightOf(2, 3);
      const enlargedWeight = resampleFeatures(weight, [2, 3], [4, 9]);
      expect(enlargedWeight.shape).toEqual([out, channels * 4 * 9]);
      expectClose(apply(enlarged, enlargedWeight), apply(map, weight));
      // And back.
      const back = toFloat32(resampleFeatures(enlargedWeight, [4, 9], [2, 3]));
      expectClose(back, toFloat32(weight));
    });
  });

  test('splits the weights of cells that the new grid cuts, and keeps their sum', () => {
    const weight = float32([1, 2], new Float32Array([3, 6]));
    const cut = toFloat32(resampleFeatures(weight, [1, 2], [1, 3]));
    expect([...cut]).toEqual([2, 3, 4].map((value) => expect.closeTo(value, 5)));
  });

  test('refuses a weight of other maps', () => {
    expect(() => resampleFeatures(weightOf(2, 3), [4, 4], [8, 8])).toThrow(
      'resampleFeatures: a weight of shape [5, 18] is not of maps of 4 × 4.',
    );
  });
});
