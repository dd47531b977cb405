/** One case of a backbone's golden file, and how a test holds a backbone of ours against it. */
import * as tf from '@tensorflow/tfjs-core';
import { Random } from '@unitsphere/core';
import { expect } from 'vitest';
import { toNchw, toNhwc } from '../../../tools/golden/layout';
import { passOf, toStateDict } from '../../../tools/golden/module-pass';
import { type GoldenTensor, relativeError } from '../../../tools/golden/read';
import { on, read, start } from '../../../tools/workspace/backends';
import { type BackboneName, createBackbone } from '../src/index';

export interface BackboneCase {
  name: string;
  model: BackboneName;
  mode: 'training' | 'evaluation';
  state: Record<string, GoldenTensor>;
  x: GoldenTensor;
  /** The stage maps, or the last of them. */
  features: GoldenTensor[];
  dy: GoldenTensor;
  dx: GoldenTensor;
  gradients?: Record<string, GoldenTensor>;
  running?: Record<string, GoldenTensor>;
}

/** Initial weights that cost nothing, where a state dict follows. */
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

function load(c: BackboneCase) {
  const backbone = createBackbone(c.model, { random: zeros });
  backbone.loadStateDict(toStateDict(c.state));
  return backbone.train(c.mode === 'training');
}

/** Every stage map, in PyTorch's layout, on a backend. */
export async function expectMaps(backend: string, c: BackboneCase): Promise<void> {
  await start(backend);
  const before = tf.memory().numTensors;
  const backbone = load(c);
  const { shape, data } = toNhwc(c.x);
  const maps = await on(backend, () =>
    Promise.all(
      backbone
        .features(tf.tensor4d(data, shape as [number, number, number, number]))
        .map(async (map) => toNchw({ shape: map.shape, data: await read(map) })),
    ),
  );
  expect(maps.length).toBe(backbone.featureInfo.length);
  c.features.forEach((expected, i) => {
    const map = maps[maps.length - c.features.length + i];
    expect(map.shape).toEqual(expected.shape);
    expectClose(map.data, expected, 1e-4, `map ${i}`);
  });
  backbone.dispose();
  expect(tf.memory().numTensors).toBe(before);
}

/** The gradients of sum(last map · dy) for the image and every parameter, and the running statistics. */
export async function expectGradients(backend: string, c: BackboneCase, tolerance: number): Promise<void> {
  await start(backend);
  const before = tf.memory().numTensors;
  const backbone = load(c);
  const pass = await passOf(backbone, c.x, c.dy);
  expectClose(pass.y, c.features.at(-1)!, 1e-4, 'last map');
  expectClose(pass.dx, c.dx, tolerance, 'dx');
  expect([...pass.gradients.keys()]).toEqual(Object.keys(c.gradients!));
  for (const [key, expected] of Object.entries(c.gradients!))
    expectClose(pass.gradients.get(key)!, expected, tolerance, key);
  const saved = await backbone.stateDict();
  for (const [key, expected] of Object.entries(c.running ?? {})) {
    if (!key.endsWith('num_batches_tracked'))
      expectClose(saved.get(key)!.data as Float32Array, expected, 1e-4, key);
  }
  const batches = c.mode === 'training' ? 1n : 0n;
  for (const [key, { data }] of saved)
    if (key.endsWith('num_batches_tracked')) expect(data[0], key).toBe(batches);
  backbone.dispose();
  expect(tf.memory().numTensors).toBe(before);
}
