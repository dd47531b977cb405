import '@tensorflow/tfjs-backend-cpu';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, test } from 'vitest';
import * as api from '../src/index.js';
import {
  createMiner,
  createPairLoss,
  describeMiner,
  describePairLoss,
  listMiners,
  listPairLosses,
  type Setting,
} from '../src/registry.js';

const context = { classes: 4, dimensions: 8, seed: 3 };
const labels = Int32Array.of(0, 0, 1, 1, 2, 2, 3, 3);
const defaultsOf = (settings: { readonly [key: string]: Setting }) =>
  Object.fromEntries(Object.entries(settings).map(([key, setting]) => [key, setting.default]));

beforeAll(async () => {
  await tf.setBackend('cpu');
});

describe('the registry of losses', () => {
  test('has every loss and every miner of the package', () => {
    const classesOf = (suffix: string) =>
      Object.keys(api).filter((name) => name.endsWith(suffix) && /^[A-Z]/.test(name));
    const created = (instances: object[]) => instances.map((instance) => instance.constructor.name).sort();
    const losses = listPairLosses().map((name) => createPairLoss(name, {}, context));
    expect(created(losses)).toEqual(classesOf('Loss').sort());
    expect(created(listMiners().map((name) => createMiner(name)))).toEqual(classesOf('Miner').sort());
    for (const loss of losses) loss.dispose();
  });

  test.each(listPairLosses())('%s has the defaults and limits of its class', (name) => {
    const { settings, description } = describePairLoss(name);
    expect(description.length).toBeGreaterThan(10);
    const embeddings = tf.randomNormal([8, 8], 0, 1, 'float32', 5) as tf.Tensor2D;
    const valueWith = (own: object) => {
      const loss = createPairLoss(name, own, context);
      const value = loss.loss(embeddings, labels);
      const [number] = value.dataSync();
      value.dispose();
      loss.dispose();
      return number;
    };
    expect(valueWith(defaultsOf(settings))).toBe(valueWith({}));
    for (const [key, setting] of Object.entries(settings)) {
      if (setting.type !== 'number') continue;
      const fraction = { [key]: setting.default + 0.5 };
      if (setting.integer) expect(() => createPairLoss(name, fraction, context), key).toThrow(RangeError);
      const outside = setting.exclusiveMinimum ?? setting.exclusiveMaximum;
      if (outside === undefined) continue;
      expect(() => createPairLoss(name, { [key]: outside }, context), key).toThrow(RangeError);
    }
    embeddings.dispose();
  });

  test.each(listPairLosses())('%s says whether it accepts reference embeddings', (name) => {
    const { acceptsReference, needsClasses } = describePairLoss(name);
    const embeddings = tf.randomNormal([8, 8], 0, 1, 'float32', 5) as tf.Tensor2D;
    const loss = createPairLoss(name, {}, context);
    const call = () => loss.loss(embeddings, labels, { ref: embeddings, refLabels: labels });
    if (acceptsReference) call().dispose();
    else expect(call).toThrow('ref is not supported');
    if (needsClasses) expect(() => createPairLoss(name)).toThrow('pass classes and dimensions');
    loss.dispose();
    embeddings.dispose();
  });

  test.each(listMiners())('the miner %s has the defaults of its class', (name) => {
    const embeddings = tf.randomNormal([8, 8], 0, 1, 'float32', 5) as tf.Tensor2D;
    const mined = createMiner(name).mine(embeddings, labels);
    expect(createMiner(name, defaultsOf(describeMiner(name).settings)).mine(embeddings, labels)).toEqual(
      mined,
    );
    embeddings.dispose();
  });

  test('says what is wrong with a name or a setting', () => {
    expect(() => createPairLoss('triplet' as 'supcon')).toThrow(
      'there is no loss "triplet". Known: contrastive',
    );
    expect(() => createPairLoss('supcon', { margin: 1 } as object)).toThrow(
      'the loss "supcon" has no setting "margin". Its settings are temperature.',
    );
    expect(() => createMiner('batch-hard', { margin: 1 } as object)).toThrow('It has none.');
    expect(() => describeMiner('toString' as 'angular')).toThrow('there is no miner');
  });
});
