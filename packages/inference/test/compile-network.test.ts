// Compiled networks beside the networks themselves, on WebAssembly and on the processor's own kernels.
import * as tf from '@tensorflow/tfjs-core';
import { type BackboneName, createBackbone } from '@unitsphere/backbones';
import { useBackend } from '@unitsphere/backends';
import { Module, Random } from '@unitsphere/core';
import { createNeck, EmbeddingHead } from '@unitsphere/necks';
import { conv2d, l2Normalize, normalizeImages } from '@unitsphere/ops';
import { afterEach, beforeAll, expect, test } from 'vitest';
import { compileNetwork, UnsupportedNetworkError } from '../src/index.js';

const STATISTICS = { mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225] } as const;

type Neck = 'gap' | 'flatten' | 'squeeze';

/** Backbones with every kind of layer, at small sizes and up to the map of this number, which few weights compute. */
const NETWORKS: [backbone: BackboneName, size: number, neck: Neck, outIndex: number][] = [
  ['lcnet_035', 64, 'squeeze', 4],
  ['mobilenetv3_small_050', 32, 'flatten', 4],
  ['mobilenetv4_conv_small_035', 32, 'gap', 3],
  ['efficientnet_lite0', 32, 'gap', 2],
  ['tf_efficientnet_b0', 32, 'gap', 2],
  ['resnet18', 32, 'gap', 2],
  ['iresnet18', 16, 'flatten', 2],
  ['vit_tiny_patch16_224', 32, 'gap', 1],
];

class Network extends Module<tf.Tensor4D, tf.Tensor2D> {
  readonly #parts: [
    Module<tf.Tensor4D, tf.Tensor4D>,
    Module<tf.Tensor4D, tf.Tensor2D>,
    Module<tf.Tensor2D, tf.Tensor2D>,
  ];

  constructor(name: BackboneName, size: number, neckName: Neck, outIndex: number) {
    super();
    const random = new Random(1);
    const backbone = this.child(
      'backbone',
      createBackbone(name, { random, inputSize: size, outIndices: [outIndex] }),
    );
    const { channels, reduction } = backbone.featureInfo[backbone.featureInfo.length - 1];
    const side = Math.ceil(size / reduction);
    const neck = createNeck(neckName, { channels, height: side, width: side }, { random });
    const head = this.child('head', new EmbeddingHead(neck.features, 16, { random }));
    this.#parts = [backbone, this.child('neck', neck.module), head];
    this.eval();
    // Statistics other than the initial ones, so that folded batch norms are not the identity.
    for (const [key, { variable }] of this.namedBuffers('')) {
      const [low, high] = key.endsWith('running_var') ? [0.5, 1.5] : [-0.5, 0.5];
      if (!/running_(mean|var)$/.test(key)) continue;
      tf.tidy(() => variable.assign(tf.tensor(draw(random, variable.size, low, high))));
    }
  }

  override forward(x: tf.Tensor4D): tf.Tensor2D {
    const [backbone, neck, head] = this.#parts;
    return l2Normalize(head.forward(neck.forward(backbone.forward(x))));
  }
}

const draw = (random: Random, count: number, low: number, high: number) =>
  Float32Array.from({ length: count }, () => random.uniform(low, high));

function drawPixels(count: number, size: number): Uint8Array {
  const random = new Random(2);
  return Uint8Array.from({ length: count * size * size * 3 }, () => random.uniform(0, 256));
}

const compile = (network: Module<tf.Tensor4D, tf.Tensor2D>, size: number, threads = 1) =>
  compileNetwork({ network }, (x) => network.forward(x), { ...STATISTICS, size: [size, size], threads });

const compute = (network: Module<tf.Tensor4D, tf.Tensor2D>, pixels: Uint8Array, size: number) =>
  tf.tidy(
    () => network.forward(normalizeImages(pixels, [size, size], STATISTICS)).dataSync() as Float32Array,
  );

const largestDifference = (a: Float32Array, b: Float32Array) =>
  a.reduce(
    (most, value, i) => Math.max(most, Math.abs(value - b[i])),
    a.length === b.length ? 0 : Number.NaN,
  );

const bits = (values: Float32Array) => new Uint32Array(values.buffer, values.byteOffset, values.length);
const expectSameBits = (a: Float32Array, b: Float32Array) => expect(bits(a)).toEqual(bits(b));

beforeAll(() => useBackend('wasm'));
afterEach(() => {
  process.env['UNITSPHERE_NATIVE'] = '0';
});

test.each(NETWORKS)(
  '%s gives the embeddings of its forward pass, the same bits on any number of threads',
  async (name, size, neck, outIndex) => {
    const network = new Network(name, size, neck, outIndex);
    const before = tf.memory().numTensors;
    const batches = [16, 5, 1].map((count) => drawPixels(count, size));
    const expected = batches.map((pixels) => compute(network, pixels, size));
    for (const native of ['0', '1']) {
      process.env['UNITSPHERE_NATIVE'] = native;
      const compiled = await Promise.all([1, 2, 3].map((threads) => compile(network, size, threads)));
      expect(compiled[0].outputSize).toBe(16);
      for (const [n, pixels] of batches.entries()) {
        const embeddings = compiled[0].run(pixels);
        expect(largestDifference(embeddings, expected[n])).toBeLessThan(5e-6);
        for (const other of compiled) expectSameBits(other.run(pixels), embeddings);
      }
      for (const { dispose } of compiled) dispose();
    }
    expect(tf.memory().numTensors).toBe(before);
    network.dispose();
  },
);

test('an image has the same embedding in a batch of any size', async () => {
  const network = new Network('lcnet_035', 64, 'squeeze', 4);
  const compiled = await compile(network, 64);
  const pixels = drawPixels(70, 64);
  const image = pixels.length / 70;
  const all = compiled.run(pixels);
  for (const i of [0, 4, 69]) {
    const one = compiled.run(pixels.subarray(i * image, (i + 1) * image));
    expect(one).toEqual(all.slice(i * 16, (i + 1) * 16));
  }
  expect(compiled.run(new Uint8Array(0))).toHaveLength(0);
  expect(() => compiled.run(pixels.subarray(1))).toThrow('not whole 64x64 RGB images');
  network.dispose();
});

test.each(['0', '1'])(
  'more threads than cores compute the same values in every run, native %s',
  async (native) => {
    process.env['UNITSPHERE_NATIVE'] = native;
    const network = new Network('lcnet_035', 32, 'squeeze', 4);
    const [alone, threaded] = [await compile(network, 32), await compile(network, 32, 5)];
    for (const count of [1, 2, 9]) {
      const pixels = drawPixels(count, 32);
      const expected = alone.run(pixels);
      for (let run = 0; run < 50; run++) expectSameBits(threaded.run(pixels), expected);
    }
    threaded.dispose();
    network.dispose();
  },
);

test('a disposed network cannot be run', async () => {
  const network = new Network('lcnet_035', 32, 'squeeze', 4);
  for (const threads of [1, 2]) {
    const compiled = await compile(network, 32, threads);
    compiled.dispose();
    compiled.dispose();
    expect(() => compiled.run(drawPixels(1, 32))).toThrow('the network is disposed; compile it again');
  }
  network.dispose();
});

test('refuses a number of threads that is not a positive integer', async () => {
  const network = new Network('lcnet_035', 32, 'squeeze', 4);
  await expect(compile(network, 32, 0)).rejects.toThrow('threads must be a positive integer, not 0');
  network.dispose();
});

test('a value that two operations read is not changed for one of them', async () => {
  class Twice extends Module<tf.Tensor4D, tf.Tensor2D> {
    readonly filter = this.parameter('filter', [1, 1, 3, 4], draw(new Random(3), 12, -1, 1));

    override forward(x: tf.Tensor4D): tf.Tensor2D {
      const y = tf.relu(tf.add(this.#convolve(x), this.#convolve(x)));
      const z = this.#convolve(x);
      const sum = tf.add(tf.add(tf.relu(z), z), y);
      return tf.reshape(sum, [x.shape[0], -1]);
    }

    #convolve(x: tf.Tensor4D): tf.Tensor4D {
      return conv2d(x, this.filter.variable as tf.Tensor4D, { stride: 1, padding: 0 });
    }
  }
  const network = new Twice();
  const compiled = await compile(network, 4);
  const pixels = drawPixels(2, 4);
  expect(largestDifference(compiled.run(pixels), compute(network, pixels, 4))).toBeLessThan(1e-5);
  network.dispose();
});

test('names the operation that cannot be compiled, and leaks nothing', async () => {
  class Odd extends Module<tf.Tensor4D, tf.Tensor2D> {
    override forward(x: tf.Tensor4D): tf.Tensor2D {
      return tf.reshape(tf.sin(x), [x.shape[0], -1]);
    }
  }
  const before = tf.memory().numTensors;
  await expect(compile(new Odd(), 4)).rejects.toThrow(new UnsupportedNetworkError('Sin cannot be compiled.'));
  expect(tf.memory().numTensors).toBe(before);
});
