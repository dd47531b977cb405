/** LCNet and its gate against timm's values. The whole network's gradients run on wasm; plain JavaScript takes seconds. */
import * as tf from '@tensorflow/tfjs-core';
import { Random } from '@unitsphere/core';
import { describe, expect, test } from 'vitest';
import { toNchw, toNhwc } from '../../../tools/golden/layout';
import { passOf, toStateDict } from '../../../tools/golden/module-pass';
import { type GoldenTensor, readGolden, relativeError } from '../../../tools/golden/read';
import { backends, on, start } from '../../../tools/workspace/backends';
import { type BackboneName, createBackbone, listBackbones, SqueezeExcite } from '../src/index';

const TOLERANCE = 1e-4;
const random = new Random(1);
const expectClose = (actual: ArrayLike<number>, expected: GoldenTensor, what: string) =>
  expect(relativeError(actual, expected), what).toBeLessThan(TOLERANCE);

interface PassCase {
  name: string;
  state: Record<string, GoldenTensor>;
  x: GoldenTensor;
  y: GoldenTensor;
  dy: GoldenTensor;
  dx: GoldenTensor;
  gradients: Record<string, GoldenTensor>;
}

describe.each(backends)('SqueezeExcite on %s', (backend) => {
  test.each(readGolden<PassCase & { options: { channels: number } }>('squeeze_excite').cases)(
    '$name',
    async (c) => {
      await start(backend);
      const module = new SqueezeExcite(c.options.channels, 0.25, random);
      module.loadStateDict(toStateDict(c.state));
      const pass = await passOf(module, c.x, c.dy);
      expectClose(pass.y, c.y, 'y');
      expectClose(pass.dx, c.dx, 'dx');
      expect([...pass.gradients.keys()]).toEqual(Object.keys(c.gradients));
      for (const [key, expected] of Object.entries(c.gradients))
        expectClose(pass.gradients.get(key)!, expected, key);
      module.dispose();
    },
  );
});

interface LcnetCase extends Omit<PassCase, 'y'> {
  model: BackboneName;
  mode: 'training' | 'evaluation';
  features: GoldenTensor[];
  running?: Record<string, GoldenTensor>;
}
const cases = readGolden<LcnetCase>('lcnet').cases;

function load(c: LcnetCase) {
  const backbone = createBackbone(c.model, { random });
  backbone.loadStateDict(toStateDict(c.state));
  return backbone.train(c.mode === 'training');
}

/** Every map that the backbone gives, in PyTorch's layout; the first ones missing where the golden file has only the last. */
async function expectMaps(backend: string, c: LcnetCase) {
  await start(backend);
  const backbone = load(c);
  const { shape, data } = toNhwc(c.x);
  const maps = await on(backend, () =>
    backbone
      .features(tf.tensor4d(data, shape as [number, number, number, number]))
      .map((map) => toNchw({ shape: map.shape, data: map.dataSync() })),
  );
  expect(maps.length).toBe(5);
  c.features.forEach((expected, i) => {
    const map = maps[maps.length - c.features.length + i];
    expect(map.shape).toEqual(expected.shape);
    expectClose(map.data, expected, `map ${i}`);
  });
  return backbone;
}

describe('LCNet', () => {
  test.each(cases)('the maps of $name on wasm', async (c) => {
    (await expectMaps('wasm', c)).dispose();
  });

  test.each(cases.filter((c) => c.name === 'lcnet_050 64x64 evaluation'))(
    'the maps of $name on cpu',
    async (c) => {
      (await expectMaps('cpu', c)).dispose();
    },
  );

  test.each(cases.filter((c) => c.gradients))(
    'gradients and running statistics of $name on wasm',
    async (c) => {
      await start('wasm');
      const before = tf.memory().numTensors;
      const backbone = load(c);
      const pass = await passOf(backbone, c.x, c.dy);
      expectClose(pass.y, c.features[4], 'last map');
      expectClose(pass.dx, c.dx, 'dx');
      expect([...pass.gradients.keys()]).toEqual(Object.keys(c.gradients));
      for (const [key, expected] of Object.entries(c.gradients))
        expectClose(pass.gradients.get(key)!, expected, key);
      const saved = await backbone.stateDict();
      for (const [key, expected] of Object.entries(c.running ?? {})) {
        if (!key.endsWith('num_batches_tracked'))
          expectClose(saved.get(key)!.data as Float32Array, expected, key);
      }
      const batches = c.mode === 'training' ? 1n : 0n;
      for (const [key, { data }] of saved)
        if (key.endsWith('num_batches_tracked')) expect(data[0], key).toBe(batches);
      backbone.dispose();
      expect(tf.memory().numTensors).toBe(before);
    },
  );
});

interface StateCase {
  name: BackboneName;
  parameterCount: number;
  features: { channels: number[]; reductions: number[] };
  entries: { key: string; shape: number[]; dtype: string }[];
}

describe('state dict', () => {
  const stored = readGolden<StateCase>('state_dict').cases;

  test('every backbone is covered', () => {
    expect(listBackbones()).toEqual(stored.map(({ name }) => name));
  });

  test.each(stored)("$name has timm's keys, shapes, order, parameter count and features", async (c) => {
    await start('cpu');
    const backbone = createBackbone(c.name, { random });
    const state = await backbone.stateDict();
    const dtypes: Record<string, string> = { F32: 'float32', I64: 'int64' };
    expect([...state].map(([key, { shape, dtype }]) => ({ key, shape, dtype: dtypes[dtype] }))).toEqual(
      c.entries.map(({ key, shape, dtype }) => ({ key, shape, dtype })),
    );
    expect(backbone.parameterCount()).toBe(c.parameterCount);
    expect(backbone.featureInfo.map(({ channels }) => channels)).toEqual(c.features.channels);
    expect(backbone.featureInfo.map(({ reduction }) => reduction)).toEqual(c.features.reductions);
    backbone.dispose();
  });
});
