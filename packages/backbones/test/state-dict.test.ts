/** Compares every backbone's keys, shapes, parameters, maps and multiply-accumulates with the published definitions. */
import { readFileSync } from 'node:fs';
import * as tf from '@tensorflow/tfjs-core';
import { start } from '@unitsphere/testing/backends';
import { readGolden } from '@unitsphere/testing/golden';
import { beforeAll, describe, expect, test } from 'vitest';
import {
  type BackboneName,
  createBackbone,
  describeBackbone,
  listBackbones,
  measureBackbone,
} from '../src/index.js';
import { zeros } from './golden-case.js';

interface StateCase {
  name: BackboneName;
  parameterCount: number;
  features: { channels: number[]; reductions: number[] };
  /** By image size; the first is the default one. */
  multiplyAdds: Record<string, number>;
  /** "key dtype [shape]". */
  entries: string[];
}

const stored = readGolden<StateCase>('state_dict').cases;
const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8');
const dtypes: Record<string, string> = { F32: 'float32', I64: 'int64' };

beforeAll(() => start('wasm'));

test('covers every backbone', () => {
  expect(listBackbones()).toEqual(stored.map(({ name }) => name));
});

// Reading back and running 50 million values takes seconds; names and shapes do not require it.
const HUGE = 40e6;

describe.each(stored)('$name', { timeout: 60_000 }, (c) => {
  test('has the published keys, shapes, order, parameter count and features', async () => {
    const before = tf.memory().numTensors;
    const backbone = createBackbone(c.name, { random: zeros });
    const counters = c.entries.filter((entry) => entry.includes(' int64 '));
    const values = c.entries.filter((entry) => !entry.includes(' int64 '));
    const shapes = new Map(
      [...backbone.namedParameters(), ...backbone.namedBuffers()].map(([key, part]) => [key, part.diskShape]),
    );
    const { missing } = backbone.loadStateDict(new Map(), { strict: false });
    expect(missing.map((key) => `${key} float32 [${shapes.get(key)!.join(', ')}]`)).toEqual(values);
    expect(counters.length).toBe(backbone.namedBuffers().length / 2);
    expect(backbone.parameterCount()).toBe(c.parameterCount);
    expect(backbone.featureInfo.map(({ channels }) => channels)).toEqual(c.features.channels);
    expect(backbone.featureInfo.map(({ reduction }) => reduction)).toEqual(c.features.reductions);
    if (c.parameterCount < HUGE) {
      const state = await backbone.stateDict();
      expect(
        [...state].map(([key, { shape, dtype }]) => `${key} ${dtypes[dtype]} [${shape.join(', ')}]`),
      ).toEqual(c.entries);
      const [size, multiplyAdds] = Object.entries(c.multiplyAdds)[0];
      expect(measureBackbone(backbone, Number(size))).toEqual({ parameters: c.parameterCount, multiplyAdds });
    }
    backbone.dispose();
    expect(tf.memory().numTensors).toBe(before);
  });

  test('the catalog and the README describe it correctly', () => {
    const { name, inputSize, parameters, multiplyAdds, featureInfo } = describeBackbone(c.name);
    expect(name).toBe(c.name);
    expect(parameters).toBe(c.parameterCount);
    expect(multiplyAdds).toBe(c.multiplyAdds[inputSize]);
    expect(inputSize).toBe(Math.max(...Object.keys(c.multiplyAdds).map(Number)));
    const row = readme.split('\n').find((line) => line.startsWith(`| \`${name}\` | ${inputSize} | `));
    expect(row, 'row in the README').toContain(` | ${c.features.channels.join(', ')} | `);
    expect(featureInfo).toEqual(
      c.features.channels.map((channels, i) => ({ channels, reduction: c.features.reductions[i] })),
    );
  });
});
