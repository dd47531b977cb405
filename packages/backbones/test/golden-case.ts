/** A case of a backbone's golden file, and functions that compare our backbone with it. */
import * as tf from '@tensorflow/tfjs-core';
import { Random } from '@unitsphere/core';
import { on, read, start } from '@unitsphere/testing/backends';
import { type GoldenTensor, relativeError } from '@unitsphere/testing/golden';
import { toNchw, toNhwc } from '@unitsphere/testing/golden/layout';
import { runPass, toStateDict } from '@unitsphere/testing/golden/module-pass';
import { expect } from 'vitest';
import { type BackboneName, createBackbone, describeBackbone } from '../src/index.js';

export interface BackboneCase {
  name: string;
  model: BackboneName;
  mode: 'training' | 'evaluation';
  state: Record<string, GoldenTensor>;
  x: GoldenTensor;
  /** The stage maps, or the last ones. */
  features: GoldenTensor[];
  dy: GoldenTensor;
  dx: GoldenTensor;
  gradients?: Record<string, GoldenTensor>;
  running?: Record<string, GoldenTensor>;
}

/** Free initial weights, for backbones that load a state dict. */
class NoRandom extends Random {
  override fork(): Random {
    return this;
  }
  override normal(): number {
    return 0;
  }
  override uniform(): number {
    return 0;
  }
}
export const zeros = new NoRandom(0);

const expectClose = (actual: ArrayLike<number>, expected: GoldenTensor, tolerance: number, what: string) =>
  expect(relativeError(actual, expected), what).toBeLessThan(tolerance);

function load(c: BackboneCase, maps: number) {
  // Fewer maps require only the first part of the network.
  const outIndices = maps < mapCount(c) ? Array.from({ length: maps }, (_, i) => i) : undefined;
  const backbone = createBackbone(c.model, { random: zeros, inputSize: c.x.shape[2], outIndices });
  const state = toStateDict(c.state);
  const { missing } = backbone.loadStateDict(state, { strict: false });
  expect(missing).toEqual([]);
  return backbone.train(c.mode === 'training');
}

const mapCount = (c: BackboneCase) => describeBackbone(c.model).featureInfo.length;

/** Compares the last maps of a backbone with the golden ones. */
async function expectClosest(maps: tf.Tensor4D[], features: GoldenTensor[]): Promise<void> {
  const last = maps.slice(maps.length - features.length);
  const values = await Promise.all(last.map(read));
  features.forEach((expected, i) => {
    const { shape, data } = toNchw({ shape: last[i].shape, data: values[i] });
    expect(shape).toEqual(expected.shape);
    expectClose(data, expected, 1e-4, `map ${i}`);
  });
}

/** Compares the stage maps on a backend: all maps of the case, or the first few. */
export async function expectMaps(backend: string, c: BackboneCase, maps = mapCount(c)): Promise<void> {
  await start(backend);
  const before = tf.memory().numTensors;
  const backbone = load(c, maps);
  expect(backbone.featureInfo.length).toBe(maps);
  const { shape, data } = toNhwc(c.x);
  await on(backend, () => {
    const x = tf.tensor4d(data, shape as [number, number, number, number]);
    return expectClosest(backbone.features(x), maps < mapCount(c) ? c.features.slice(0, maps) : c.features);
  });
  backbone.dispose();
  expect(tf.memory().numTensors).toBe(before);
}

/** Compares the maps, the gradients of sum(last map · dy) for the image and every parameter, and the running statistics. */
export async function expectGradients(backend: string, c: BackboneCase, tolerance: number): Promise<void> {
  await start(backend);
  const before = tf.memory().numTensors;
  const backbone = load(c, mapCount(c));
  let closeMaps: Promise<void> | undefined;
  const pass = await runPass(backbone, c.x, c.dy, (x) => {
    const maps = backbone.features(x as tf.Tensor4D);
    closeMaps = expectClosest(maps, c.features);
    return maps.at(-1)!;
  });
  await closeMaps;
  expectClose(pass.dx, c.dx, tolerance, 'dx');
  expect([...pass.gradients.keys()]).toEqual(Object.keys(c.gradients!));
  for (const [key, expected] of Object.entries(c.gradients!))
    expectClose(pass.gradients.get(key)!, expected, tolerance, key);
  for (const [key, buffer] of backbone.namedBuffers()) {
    const expected = c.running?.[key];
    if (expected) expectClose((await buffer.variable.data()) as Float32Array, expected, 1e-4, key);
  }
  // Reading a large network back is slow, and a small one covers the same code.
  if (describeBackbone(c.model).parameters < 5e6) {
    const batches = c.mode === 'training' ? 1n : 0n;
    for (const [key, { data }] of await backbone.stateDict())
      if (key.endsWith('num_batches_tracked')) expect(data[0], key).toBe(batches);
  }
  expect(Object.keys(c.running ?? {}).filter((key) => !key.endsWith('num_batches_tracked')).length).toBe(
    c.mode === 'training' ? backbone.namedBuffers().length : 0,
  );
  backbone.dispose();
  expect(tf.memory().numTensors).toBe(before);
}
