import * as tf from '@tensorflow/tfjs-core';
import { Random } from '@unitsphere/core';
import { start } from '@unitsphere/testing/backends';
import { beforeAll, expect, test } from 'vitest';
import { createNeck, EmbeddingHead, listHeadNorms, listNecks, type NeckName } from '../src/index.js';

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
