import * as tf from '@tensorflow/tfjs-core';
import { float32, Random, readSafetensors, writeSafetensors } from '@unitsphere/core';
import { start } from '@unitsphere/testing/backends';
import { type GoldenTensor, readGolden, relativeError } from '@unitsphere/testing/golden';
import { beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { type BackboneName, createBackbone, describeBackbone, measureBackbone } from '../src/index.js';

beforeAll(() => start('wasm'));
const make = (seed = 1, inChannels?: number) =>
  createBackbone('lcnet_050', { random: new Random(seed), inChannels });

test('refuses an unknown name and lists the known ones', () => {
  expect(() => createBackbone('constructor' as BackboneName, { random: new Random(1) })).toThrow(
    'createBackbone: there is no backbone "constructor". Known: lcnet_035, lcnet_050, ',
  );
});

test('maps have the sizes of featureInfo, rounded up, at any image size', () => {
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

test('refuses an image with another number of channels', () => {
  const backbone = make();
  tf.tidy(() => {
    expect(() => backbone.forward(tf.ones([1, 32, 32, 1]))).toThrow(
      "conv2d: the image's channel count is 1, but 3 was expected.",
    );
  });
  backbone.dispose();
});

test('weights depend only on the seed and survive a file', async () => {
  const [a, b, c] = [make(1), make(1), make(2)];
  const file = async (backbone: typeof a) => Buffer.from(writeSafetensors(await backbone.stateDict()));
  const saved = await file(a);
  expect((await file(b)).equals(saved)).toBe(true);
  expect((await file(c)).equals(saved)).toBe(false);
  c.loadStateDict(readSafetensors(saved).tensors);
  expect((await file(c)).equals(saved)).toBe(true);
  for (const backbone of [a, b, c]) backbone.dispose();
});

test("loads a file of timm's whole classifier if strict is off", async () => {
  interface Case {
    name: string;
    classifierOnly: string[];
  }
  const { classifierOnly } = readGolden<Case>('state_dict').cases.find(({ name }) => name === 'lcnet_050')!;
  const backbone = make();
  const state = await backbone.stateDict();
  const keys = classifierOnly.map((entry) => {
    const [key, , shape] = /^(\S+) (\S+) (\[.*\])$/.exec(entry)!.slice(1);
    const sizes = JSON.parse(shape) as number[];
    state.set(key, float32(sizes, new Float32Array(sizes.reduce((a, b) => a * b, 1))));
    return key;
  });
  expect(keys.length).toBeGreaterThan(0);
  expect(() => backbone.loadStateDict(state)).toThrow(/unexpected: "conv_head.weight"/);
  expect(backbone.loadStateDict(state, { strict: false })).toEqual({ missing: [], unexpected: keys });
  backbone.dispose();
});

test('refuses to train on a single image whose last map is one pixel', () => {
  const backbone = make();
  tf.tidy(() => {
    expect(() => backbone.forward(tf.ones([1, 32, 32, 3]))).toThrow(/training statistics require at least 2/);
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
      const largest = tf.max(tf.abs(grads[variable.name])).dataSync()[0];
      expect(Number.isFinite(largest) && largest > 0, `${key}: ${largest}`).toBe(true);
    }
  });
  backbone.dispose();
});

test('fuses batch norm and PReLU into one operation, with separate keys', async () => {
  for (const name of ['iresnet18', 'mobilefacenet'] as const) {
    const backbone = createBackbone(name, { random: new Random(1), outIndices: [0, 1] });
    const keys = [...(await backbone.stateDict()).keys()];
    const x = tf.ones<tf.Rank.R4>([2, 16, 16, 3]);
    const prelus = backbone.namedParameters().filter(([, { variable }], i, all) => {
      // A PReLU has a weight without a bias; a norm has both.
      return (
        variable.rank === 1 &&
        /weight$/.test(all[i][0]) &&
        !keys.includes(all[i][0].replace(/weight$/, 'bias'))
      );
    });
    expect(prelus.length).toBeGreaterThan(2);
    for (const training of [true, false]) {
      backbone.train(training);
      const { kernels } = await tf.profile(() => tf.tidy(() => backbone.forward(x).clone()));
      const names = kernels.map(({ name }) => name);
      const fused = training ? 'UnitsphereBatchNormPreluTrain' : 'UnitsphereBatchNormPreluInference';
      expect(names.filter((name) => name === fused).length).toBe(prelus.length);
      expect(names).not.toContain('UnitspherePrelu');
    }
    x.dispose();
    backbone.dispose();
  }
});

test('outIndices selects maps and leaves out layers that only later maps require', () => {
  const all = make();
  const some = createBackbone('lcnet_050', { random: new Random(1), outIndices: [0, 2] });
  expect(some.featureInfo).toEqual([all.featureInfo[0], all.featureInfo[2]]);
  const keys = all.namedParameters().map(([key]) => key);
  const kept = some.namedParameters().map(([key]) => key);
  expect(kept).toEqual(keys.filter((key) => !/^blocks\.[345]/.test(key)));
  tf.tidy(() => {
    const x = tf.randomNormal<tf.Rank.R4>([2, 32, 32, 3], 0, 1, 'float32', 1);
    const [first, , third] = all.eval().features(x);
    const maps = some.eval().features(x);
    expect(maps.map((map) => map.arraySync())).toEqual([first.arraySync(), third.arraySync()]);
  });
  for (const outIndices of [[], [1, 1], [2, 0], [5], [-1], [0.5]])
    expect(() => createBackbone('lcnet_050', { random: new Random(1), outIndices })).toThrow(
      `outIndices must be ascending integers from 0 to 4, not [${outIndices.join(', ')}].`,
    );
  all.dispose();
  some.dispose();
});

test('adapts weights for three channels to other numbers of channels as timm does', async () => {
  interface Case {
    inChannels: number;
    kernel: GoldenTensor;
    adapted: GoldenTensor;
  }
  for (const { inChannels, kernel, adapted } of readGolden<Case & { name: string }>('adapt_input').cases) {
    const published = make();
    const state = await published.stateDict();
    state.set('conv_stem.weight', float32(kernel.shape, kernel.data as Float32Array));
    const backbone = make(2, inChannels);
    expect(backbone.inChannels).toBe(inChannels);
    if (inChannels !== 3)
      expect(() => backbone.loadStateDict(state)).toThrow(/"conv_stem.weight" has the shape \[8,3,3,3\]/);
    backbone.loadStateDict(backbone.adaptInput(state));
    const loaded = (await backbone.stateDict()).get('conv_stem.weight')!;
    expect(loaded.shape).toEqual(adapted.shape);
    expect(relativeError(loaded.data as Float32Array, adapted)).toBeLessThan(1e-6);
    published.dispose();
    backbone.dispose();
  }
  const backbone = make();
  expect(() => backbone.adaptInput(new Map())).toThrow(
    'adaptInput: the state dict lacks "conv_stem.weight"; it belongs to another backbone.',
  );
  backbone.dispose();
});

test('stochastic depth drops branches only in training mode', () => {
  const drawn = (dropPathRate: number, training: boolean) => {
    const backbone = createBackbone('mobilenetv3_small_050', { random: new Random(1), dropPathRate });
    const x = tf.ones<tf.Rank.R4>([4, 32, 32, 3]);
    // In training mode, equal samples of one batch differ only if a branch is dropped.
    const values = tf.tidy(() => {
      const [first, ...others] = tf.unstack(backbone.train(training).forward(x));
      return others.map((other) => tf.max(tf.abs(tf.sub(other, first))).dataSync()[0]);
    });
    backbone.dispose();
    x.dispose();
    return Math.max(...values);
  };
  expect(drawn(0, true)).toBeLessThan(1e-5);
  expect(drawn(0.5, true)).toBeGreaterThan(1e-3);
  expect(drawn(0.5, false)).toBe(0);
  expect(() => drawn(1.5, true)).toThrow('DropPath: rate must be in [0, 1)');
});

test('measuring changes neither the mode nor the number of tensors', () => {
  const backbone = make(1, 1);
  const before = tf.memory().numTensors;
  const { multiplyAdds } = measureBackbone(backbone, [64, 32]);
  expect(2 * multiplyAdds).toBeLessThan(describeBackbone('lcnet_050').multiplyAdds);
  expect(backbone.training).toBe(true);
  expect(tf.memory().numTensors).toBe(before);
  backbone.dispose();
});

test('a vision transformer accepts only images of its inputSize', () => {
  const random = new Random(1);
  const name = 'vit_tiny_patch16_224';
  const backbone = createBackbone(name, { random, inputSize: 32, outIndices: [0, 1], inChannels: 4 });
  expect(backbone.featureInfo).toEqual([
    { channels: 192, reduction: 16 },
    { channels: 192, reduction: 16 },
  ]);
  tf.tidy(() => {
    expect(backbone.forward(tf.ones([1, 32, 32, 4])).shape).toEqual([1, 2, 2, 192]);
    expect(() => backbone.forward(tf.ones([1, 48, 32, 4]))).toThrow(
      'VisionTransformer: the image is 48x32, but inputSize is 32; resize the image or create the network with another inputSize.',
    );
  });
  backbone.dispose();
  expect(() => createBackbone(name, { random, inputSize: 40 })).toThrow('inputSize must be a multiple of 16');
});

describe('a vision transformer of another image size', () => {
  const vit = (inputSize: number | readonly [number, number]) => {
    const backbone = createBackbone('vit_tiny_patch16_224', {
      random: new Random(1),
      outIndices: [0],
      inputSize,
    });
    onTestFinished(() => backbone.dispose());
    return backbone.eval();
  };

  test('has maps and tokens of a grid that is not square', () => {
    const backbone = vit([160, 96]);
    const before = tf.memory().numTensors;
    tf.tidy(() => {
      const x = tf.randomNormal<tf.Rank.R4>([2, 160, 96, 3], 0, 1, 'float32', 1);
      expect(backbone.forward(x).shape).toEqual([2, 10, 6, 192]);
      expect(() => backbone.forward(tf.zeros([1, 96, 160, 3]))).toThrow(
        /the image is 96x160, but inputSize is \[160, 96\]/,
      );
    });
    expect(tf.memory().numTensors).toBe(before);
    expect(() => vit([160, 90])).toThrow(
      'inputSize must be a multiple of 16 for a vision transformer, or two of them as [height, width], not [160, 90].',
    );
  });

  test('keeps the order of rows and columns', () => {
    // An image whose patches differ only along the width gives maps that do so, too, without position embeddings.
    const backbone = vit([48, 32]);
    const [, positions] = backbone.namedParameters().find(([key]) => key === 'pos_embed')!;
    positions.fromHost(float32([1, 7, 192], new Float32Array(7 * 192)));
    const map = tf.tidy(() => {
      const x = tf.tile(tf.reshape(tf.range(0, 32), [1, 1, 32, 1]), [1, 48, 1, 3]);
      return backbone.forward(x as tf.Tensor4D).arraySync()[0];
    });
    expect(map[1]).toEqual(map[0]);
    expect(map[0][0]).not.toEqual(map[0][1]);
  });

  test("resamples position embeddings with timm's values", () => {
    interface Case {
      name: string;
      grid: [number, number];
      positions: GoldenTensor;
      resampled: GoldenTensor;
    }
    for (const { name, grid, positions, resampled } of readGolden<Case>('pos_embed').cases) {
      const [rows, columns] = grid;
      const state = new Map([['pos_embed', float32(positions.shape, positions.data as Float32Array)]]);
      const adapted = vit([16 * rows, 16 * columns])
        .adaptPositions(state)
        .get('pos_embed')!;
      expect(adapted.shape, name).toEqual(resampled.shape);
      expect(relativeError(adapted.data as Float32Array, resampled), name).toBeLessThan(1e-6);
    }
  });

  test('leaves position embeddings that fit, or are of no square grid', () => {
    for (const tokens of [1 + 10 * 6, 1 + 10 * 7, 1]) {
      const state = new Map([['pos_embed', float32([1, tokens, 2], new Float32Array(2 * tokens))]]);
      expect(vit([160, 96]).adaptPositions(state)).toBe(state);
    }
  });
});

test.each([
  'mobilenetv3_small_050',
  'mobilenetv4_conv_small',
  'tf_efficientnet_lite0',
  'resnet18',
  'iresnet18',
  'mobilefacenet',
] as const)('maps of %s have the sizes of an image that is not square', { timeout: 60_000 }, (name) => {
  const backbone = createBackbone(name, { random: new Random(1), inputSize: [160, 96] }).eval();
  tf.tidy(() => {
    for (const [i, { shape }] of backbone.features(tf.ones([1, 160, 96, 3])).entries()) {
      const { channels, reduction } = backbone.featureInfo[i];
      expect(shape).toEqual([1, Math.ceil(160 / reduction), Math.ceil(96 / reduction), channels]);
    }
  });
  backbone.dispose();
});
