/** Compares every neck with the embedding head with PyTorch's golden values on each backend, in training and evaluation mode. */
import * as tf from '@tensorflow/tfjs-core';
import { Module, Random } from '@unitsphere/core';
import { everyBackend, on, read, start } from '@unitsphere/testing/backends';
import { type GoldenTensor, readGolden, relativeError } from '@unitsphere/testing/golden';
import { toNchw, toNhwc } from '@unitsphere/testing/golden/layout';
import { runPass, toStateDict } from '@unitsphere/testing/golden/module-pass';
import { describe, expect, test } from 'vitest';
import { createNeck, EmbeddingHead, Flatten, GAP, type HeadNormName, type NeckName } from '../src/index.js';

const TOLERANCE = 1e-4;

interface HeadCase {
  name: string;
  options: {
    neck: NeckName;
    norm: HeadNormName;
    channels: number;
    height: number;
    width: number;
    embeddingSize: number;
    training: boolean;
  };
  state: Record<string, GoldenTensor>;
  x: GoldenTensor;
  y: GoldenTensor;
  dy: GoldenTensor;
  dx: GoldenTensor;
  gradients: Record<string, GoldenTensor>;
  running: Record<string, GoldenTensor>;
}

class NeckAndHead extends Module<tf.Tensor4D, tf.Tensor2D> {
  readonly #neck;
  readonly #head;

  constructor({ neck, norm, embeddingSize, ...input }: HeadCase['options']) {
    super();
    const random = new Random(1);
    const { module, features } = createNeck(neck, input, { random });
    this.#neck = this.child('neck', module);
    this.#head = this.child('head', new EmbeddingHead(features, embeddingSize, { norm, random }));
  }

  override forward(x: tf.Tensor4D): tf.Tensor2D {
    return this.#head.forward(this.#neck.forward(x));
  }
}

/** Converts a key of the golden file to ours. */
function keyOf(golden: string, norm: HeadNormName): string {
  if (golden.startsWith('squeeze.')) return golden.replace('squeeze.', 'neck.conv.');
  const both = norm === 'layernorm-batchnorm';
  return `head.${golden}`
    .replace(/layernorm(\d)/, both ? 'norm$1.ln' : 'norm$1')
    .replace(/batchnorm(\d)/, both ? 'norm$1.bn' : 'norm$1');
}

const expectClose = (actual: ArrayLike<number>, expected: GoldenTensor, what: string) =>
  expect(relativeError(actual, expected), what).toBeLessThan(TOLERANCE);

describe.each(everyBackend)('%s', (backend) => {
  // A golden gradient with a `scale` is the remainder of terms that cancel, such as a LayerNorm's shift before a BatchNorm.
  // relativeError divides it by the size of these terms.
  // The full-size head takes seconds on the cpu backend.
  const affordable = (c: HeadCase) => backend !== 'cpu' || c.options.embeddingSize < 100;
  test.each(readGolden<HeadCase>('head').cases.filter(affordable))('$name', async (c) => {
    await start(backend);
    const before = tf.memory().numTensors;
    const module = new NeckAndHead(c.options);
    const rename = (key: string) => keyOf(key, c.options.norm);
    module.loadStateDict(toStateDict(c.state, rename));
    module.train(c.options.training);
    const pass = await runPass(module, c.x, c.dy);
    expectClose(pass.y, c.y, 'y');
    expectClose(pass.dx, c.dx, 'dx');
    expect(new Set(Object.keys(c.gradients).map(rename))).toEqual(new Set(pass.gradients.keys()));
    for (const [key, expected] of Object.entries(c.gradients))
      expectClose(pass.gradients.get(rename(key))!, expected, key);
    const saved = await module.stateDict();
    for (const [key, expected] of Object.entries(c.running)) {
      expectClose(saved.get(rename(key))!.data as Float32Array, expected, key);
    }
    module.dispose();
    expect(tf.memory().numTensors).toBe(before);
  });

  interface Case {
    name: string;
    x: GoldenTensor;
    y: GoldenTensor;
    dy: GoldenTensor;
    dx: GoldenTensor;
  }
  const maps = readGolden<Case>('activations').cases.filter((c) =>
    /^(flatten|global average pool)/.test(c.name),
  );

  test.each(maps)('$name', async (c) => {
    const [y, dx] = await on(backend, () => {
      const module = c.name === 'flatten' ? new Flatten() : new GAP();
      const { shape, data } = toNhwc(c.x);
      const x = tf.tensor4d(data, shape as [number, number, number, number]);
      const dx = tf.grad((t) => module.forward(t as tf.Tensor4D))(
        x,
        tf.tensor(c.dy.data as Float32Array, c.dy.shape),
      );
      return Promise.all([read(module.forward(x)), read(dx)]);
    });
    expectClose(y, c.y, 'y');
    expectClose(toNchw({ shape: toNhwc(c.x).shape, data: dx }).data, c.dx, 'dx');
  });
});
