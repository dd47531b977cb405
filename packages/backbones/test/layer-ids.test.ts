import '@tensorflow/tfjs-backend-cpu';
import * as tf from '@tensorflow/tfjs-core';
import { readGolden } from '@unitsphere/testing/golden';
import { beforeAll, expect, test } from 'vitest';
import { type BackboneName, createBackbone, layerIds } from '../src/index.js';
import { zeros } from './golden-case.js';

beforeAll(async () => {
  await tf.setBackend('cpu');
});

const { cases } = readGolden<{ name: string; begins: [string, number][] }>('layer_ids');

test.each(cases)("layer ids of $name match timm's", ({ name, begins: expected }) => {
  const backbone = createBackbone(name as BackboneName, { random: zeros, inputSize: 64 });
  const begins: [string, number][] = [];
  for (const [key, id] of layerIds(backbone)) if (begins.at(-1)?.[1] !== id) begins.push([key, id]);
  // timm's last layer is the classifier, which a backbone lacks.
  expect(begins).toEqual(expected.filter(([key]) => !/^(conv_head|classifier|fc|head)\./.test(key)));
  backbone.dispose();
});

test.each([
  ['iresnet18', 8, 'layer4.1.', 'bn2.'],
  ['mobilefacenet', 7, 'layers.7.', 'conv_sep.'],
] as const)("%s's last layer includes the layers after its last block", (name, last, block, after) => {
  const backbone = createBackbone(name, { random: zeros });
  const ids = [...layerIds(backbone)];
  expect(ids[0][1]).toBe(0);
  expect(Math.max(...ids.map(([, id]) => id))).toBe(last);
  for (const [key, id] of ids) if (key.startsWith(block) || key.startsWith(after)) expect(id, key).toBe(last);
  backbone.dispose();
});
