import * as tf from '@tensorflow/tfjs-core';
import { backends, start } from '@unitsphere/testing/backends';
import { beforeAll, describe, expect, test } from 'vitest';
import { Ema } from '../src/index.js';
import { close, free, parameter, valuesOf } from './helpers.js';

const set = (p: { variable: tf.Variable }, values: number[]) =>
  tf.tidy(() => p.variable.assign(tf.tensor1d(values)));

describe.each(backends)('%s', (backend) => {
  beforeAll(() => start(backend));

  test('starts as a copy, then averages', async () => {
    const p = parameter([1, 10]);
    const ema = new Ema([p], { decay: 0.75 });
    set(p, [3, -2]);
    expect((await ema.stateDict()).tensors['0'].data).toEqual(Float32Array.of(1, 10));
    ema.update();
    expect(Array.from((await ema.stateDict()).tensors['0'].data)).toEqual(close([1.5, 7]));
    ema.update();
    expect(Array.from((await ema.stateDict()).tensors['0'].data)).toEqual(close([1.875, 4.75]));
    expect([ema.updates, valuesOf(p)]).toEqual([2, [3, -2]]);
    ema.dispose();
    free(p);
  });

  test('warm-up starts with decay 1/10 and reaches the full decay', async () => {
    const p = parameter([0]);
    const ema = new Ema([p], { decay: 0.25, warmup: true });
    set(p, [1]);
    let expected = 0;
    for (const decay of [1 / 10, 2 / 11, 0.25, 0.25]) {
      ema.update();
      expected = decay * expected + (1 - decay);
      expect(Array.from((await ema.stateDict()).tensors['0'].data)).toEqual(close([expected]));
    }
    ema.dispose();
    free(p);
  });

  test('swap exchanges and restores the values; refuses calls that would lose values while swapped', async () => {
    const p = parameter([1]);
    const ema = new Ema([p], { decay: 0.5 });
    set(p, [3]);
    ema.update();
    ema.swap();
    expect([ema.isSwapped, valuesOf(p)]).toEqual([true, [2]]);
    expect(() => ema.update()).toThrow(/update\(\) is not possible.*call swap\(\) first/);
    expect(() => ema.copyTo()).toThrow(/swapped/);
    expect(() => ema.dispose()).toThrow(/swapped/);
    await expect(ema.stateDict()).rejects.toThrow(/swapped/);
    ema.swap();
    expect([ema.isSwapped, valuesOf(p)]).toEqual([false, [3]]);
    ema.update();
    expect((await ema.stateDict()).tensors['0'].data).toEqual(Float32Array.of(2.5));
    ema.dispose();
    free(p);
  });

  test('copyTo writes to the parameters or to other variables of the same shapes', () => {
    const [p, other, wrong] = [parameter([1]), parameter([7]), parameter([1, 2])];
    const ema = new Ema([p], { decay: 0.5 });
    set(p, [3]);
    ema.update();
    ema.copyTo([other]);
    expect([valuesOf(p), valuesOf(other)]).toEqual([[3], [2]]);
    ema.copyTo();
    expect(valuesOf(p)).toEqual([2]);
    expect(() => ema.copyTo([wrong])).toThrow(/target 0 has shape \[2\]/);
    expect(() => ema.copyTo([])).toThrow(/0 targets for 1 averages/);
    ema.dispose();
    expect(() => ema.update()).toThrow(/disposed/);
    free(p, other, wrong);
  });

  test('a state dict restores identical averages; refuses that of another model', async () => {
    const [p, q] = [parameter([1, 2]), parameter([5])];
    const options = { decay: 0.9, warmup: true };
    const ema = new Ema([p, q], options);
    set(p, [3, 3]);
    ema.update();
    const other = new Ema([p, q], options);
    other.loadStateDict(await ema.stateDict());
    set(q, [-1]);
    ema.update();
    other.update();
    expect(await other.stateDict()).toEqual(await ema.stateDict());
    const { step, tensors } = await ema.stateDict();
    expect(() => ema.loadStateDict({ step, tensors: { 0: tensors['0'] } })).toThrow(/contains 1 averages/);
    expect(() => ema.loadStateDict({ step, tensors: { 0: tensors['1'], 1: tensors['0'] } })).toThrow(/shape/);
    expect(() => ema.loadStateDict({ step, tensors: { 0: tensors['0'], x: tensors['1'] } })).toThrow(
      /average 1 is missing/,
    );
    ema.dispose();
    other.dispose();
    free(p, q);
  });

  test('leaks no tensor', async () => {
    const before = tf.memory().numTensors;
    const [p, q] = [parameter([1, 2]), parameter([5])];
    const ema = new Ema([p, q], { decay: 0.9 });
    const during = tf.memory().numTensors;
    ema.update();
    ema.swap();
    ema.swap();
    ema.copyTo();
    ema.loadStateDict(await ema.stateDict());
    expect(tf.memory().numTensors).toBe(during);
    ema.dispose();
    ema.dispose();
    free(p, q);
    expect(tf.memory().numTensors).toBe(before);
  });
});

test('refuses invalid options', async () => {
  await start('cpu');
  expect(() => new Ema([], { decay: 0.9 })).toThrow(/list of parameters is empty/);
  expect(() => new Ema([], { decay: 1 })).toThrow(/decay must be in \[0, 1\)/);
});
