import * as tf from '@tensorflow/tfjs-core';
import { float32, Random, readSafetensors, writeSafetensors } from '@unitsphere/core';
import { beforeAll, expect, test } from 'vitest';
import { readGolden } from '../../../tools/golden/read';
import { start } from '../../../tools/workspace/backends';
import { type BackboneName, createBackbone } from '../src/index';

beforeAll(() => start('wasm'));
const make = (seed = 1, inChannels?: number) =>
  createBackbone('lcnet_050', { random: new Random(seed), inChannels });

test('an unknown name is an error that lists the known ones', () => {
  expect(() => createBackbone('constructor' as BackboneName, { random: new Random(1) })).toThrow(
    'createBackbone: there is no backbone "constructor". Known: lcnet_035, lcnet_050, lcnet_075, lcnet_100, lcnet_150.',
  );
});

test('maps have the sizes that featureInfo says, rounded up, at any image size', () => {
  const before = tf.memory().numTensors;
  const backbone = make(1, 1).eval();
  tf.tidy(() => {
    const maps = backbone.features(tf.ones([1, 97, 33, 1]));
    expect(maps.map(({ shape }) => shape)).toEqual(
      backbone.featureInfo.map(({ channels, reduction }) => [
        1,
        Math.ceil(97 / reduction),
        Math.ceil(33 / reduction),
        channels,
      ]),
    );
    expect(backbone.forward(tf.ones([1, 97, 33, 1])).dataSync()).toEqual(maps[4].dataSync());
  });
  backbone.dispose();
  expect(tf.memory().numTensors).toBe(before);
});

test('an image of another channel count is refused', () => {
  const backbone = make();
  tf.tidy(() => {
    expect(() => backbone.forward(tf.ones([1, 32, 32, 1]))).toThrow(
      "conv2d: the image's channel count is 1, but 3 was expected.",
    );
  });
  backbone.dispose();
});

test('weights come from the seed, and go through a file', async () => {
  const [a, b, c] = [make(1), make(1), make(2)];
  const file = async (backbone: typeof a) => Buffer.from(writeSafetensors(await backbone.stateDict()));
  const saved = await file(a);
  expect((await file(b)).equals(saved)).toBe(true);
  expect((await file(c)).equals(saved)).toBe(false);
  c.loadStateDict(readSafetensors(saved).tensors);
  expect((await file(c)).equals(saved)).toBe(true);
  for (const backbone of [a, b, c]) backbone.dispose();
});

test("a file of timm's whole classifier loads where strict is off", async () => {
  interface Case {
    name: string;
    classifierOnly: { key: string; shape: number[] }[];
  }
  const { classifierOnly } = readGolden<Case>('state_dict').cases.find(({ name }) => name === 'lcnet_050')!;
  const backbone = make();
  const state = await backbone.stateDict();
  for (const { key, shape } of classifierOnly)
    state.set(key, float32(shape, new Float32Array(shape.reduce((a, b) => a * b, 1))));
  const keys = classifierOnly.map(({ key }) => key);
  expect(keys.length).toBeGreaterThan(0);
  expect(() => backbone.loadStateDict(state)).toThrow(/unexpected: "conv_head.weight"/);
  expect(backbone.loadStateDict(state, { strict: false })).toEqual({ missing: [], unexpected: keys });
  backbone.dispose();
});

test('training on a single image whose last map is one pixel is an error', () => {
  const backbone = make();
  tf.tidy(() => {
    expect(() => backbone.forward(tf.ones([1, 32, 32, 3]))).toThrow(/training statistics need at least 2/);
  });
  backbone.dispose();
});

test('every parameter gets a gradient', () => {
  const backbone = make();
  tf.tidy(() => {
    const x = tf.randomNormal<tf.Rank.R4>([2, 32, 32, 3], 0, 1, 'float32', 1);
    const variables = backbone.parameters().map(({ variable }) => variable);
    const { grads } = tf.variableGrads(() => tf.sum(tf.square(backbone.forward(x))) as tf.Scalar, variables);
    for (const [key, { variable }] of backbone.namedParameters()) {
      const largest = tf.max(tf.abs(grads[variable.name]!)).dataSync()[0];
      expect(Number.isFinite(largest) && largest > 0, `${key}: ${largest}`).toBe(true);
    }
  });
  backbone.dispose();
});
