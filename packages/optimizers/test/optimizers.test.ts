import * as tf from '@tensorflow/tfjs-core';
import { backends, start } from '@unitsphere/testing/backends';
import { beforeAll, describe, expect, test } from 'vitest';
import { AdamW, type OptimizedParameter, SGD, type StateDict } from '../src/index.js';
import { close, free, parameter, valuesOf } from './helpers.js';

// Rounding of a few float32 operations.
const ADAMW_TOLERANCE = 1e-6;

/** Computes AdamW on one number in float64, from the paper's algorithm 2. */
function adamWByHand(x: number, gradients: number[], lr: number, weightDecay: number): number[] {
  let [m, v] = [0, 0];
  return gradients.map((g, k) => {
    m = 0.9 * m + 0.1 * g;
    v = 0.999 * v + 0.001 * g * g;
    const [mHat, vHat] = [m / (1 - 0.9 ** (k + 1)), v / (1 - 0.999 ** (k + 1))];
    x = x - lr * weightDecay * x - (lr * mHat) / (Math.sqrt(vHat) + 1e-8);
    return x;
  });
}

const optimizers = {
  AdamW: (p: OptimizedParameter[]) => new AdamW(p, { lr: 0.1 }),
  SGD: (p: OptimizedParameter[]) => new SGD(p, { lr: 0.1, momentum: 0.9, weightDecay: 0.01 }),
  'SGD without momentum': (p: OptimizedParameter[]) => new SGD(p, { lr: 0.1 }),
};

describe.each(backends)('%s', (backend) => {
  beforeAll(() => start(backend));

  test('AdamW: the first step has size lr and the opposite sign of the gradient, for any size of it', () => {
    const p = parameter([1, 1, -2, 0.5]);
    const optimizer = new AdamW([p], { lr: 0.25, weightDecay: 0 });
    const gradient = tf.tensor1d([4, -1e-3, 100, 0]);
    optimizer.step([gradient]);
    // 1e-3 / (1e-3 + 1e-8) is not quite 1.
    expect(valuesOf(p)).toEqual(close([0.75, 1 + 0.25 / (1 + 1e-5), -2.25, 0.5], ADAMW_TOLERANCE));
    optimizer.dispose();
    gradient.dispose();
    free(p);
  });

  test('AdamW: applies weight decay by parameter and by group over several steps', () => {
    const [decayed, notDecayed, grouped] = [parameter([2]), parameter([2], false), parameter([2])];
    const optimizer = new AdamW(
      [{ parameters: [decayed, notDecayed] }, { parameters: [grouped], weightDecay: 0.25, lrScale: 0.5 }],
      { lr: 0.02, weightDecay: 0.5 },
    );
    const gradients = [0.3, -0.1, 0.7, 0.2];
    gradients.forEach((g, k) => {
      const t = tf.tensor1d([g]);
      optimizer.step([t, t, t]);
      t.dispose();
      expect(valuesOf(decayed)).toEqual(close([adamWByHand(2, gradients, 0.02, 0.5)[k]], ADAMW_TOLERANCE));
      expect(valuesOf(notDecayed)).toEqual(close([adamWByHand(2, gradients, 0.02, 0)[k]], ADAMW_TOLERANCE));
      expect(valuesOf(grouped)).toEqual(close([adamWByHand(2, gradients, 0.01, 0.25)[k]], ADAMW_TOLERANCE));
    });
    expect(optimizer.stepCount).toBe(4);
    optimizer.dispose();
    free(decayed, notDecayed, grouped);
  });

  test('SGD: applies coupled weight decay only to parameters whose weightDecay is true', () => {
    const [a, b] = [parameter([1, -2]), parameter([1, -2], false)];
    const optimizer = new SGD([a, b], { lr: 0.5, weightDecay: 0.1 });
    const gradient = tf.tensor1d([0.2, 0.4]);
    optimizer.step([gradient, gradient]);
    expect(valuesOf(a)).toEqual(close([1 - 0.5 * (0.2 + 0.1), -2 - 0.5 * (0.4 - 0.2)]));
    expect(valuesOf(b)).toEqual(close([0.9, -2.2]));
    expect(optimizer.stateTensors()).toEqual({});
    optimizer.dispose();
    gradient.dispose();
    free(a, b);
  });

  test('SGD: matches momentum, dampening and Nesterov computed by hand', () => {
    const run = (options: object) => {
      const p = parameter([1]);
      const optimizer = new SGD([p], { lr: 0.1, momentum: 0.5, ...options });
      const values = [1, 2, 3].map((g) => {
        const t = tf.tensor1d([g]);
        optimizer.step([t]);
        t.dispose();
        return valuesOf(p)[0];
      });
      optimizer.dispose();
      free(p);
      return values;
    };
    // Buffers 1; 0.5 + 2 = 2.5; 1.25 + 3 = 4.25.
    expect(run({})).toEqual(close([0.9, 0.65, 0.225]));
    // The first buffer is undamped: 1; 0.5 + 0.5 · 2 = 1.5; 0.75 + 0.5 · 3 = 2.25.
    expect(run({ dampening: 0.5 })).toEqual(close([0.9, 0.75, 0.525]));
    // Directions 1 + 0.5; 2 + 1.25; 3 + 2.125.
    expect(run({ nesterov: true })).toEqual(close([0.85, 0.525, 0.0125]));
  });

  test.each(Object.entries(optimizers))('%s: gradientScale equals scaling the gradients', (_name, make) => {
    const [p, q] = [parameter([0.5, -1]), parameter([0.5, -1])];
    const [a, b] = [make([p]), make([q])];
    for (const values of [
      [1, 2],
      [-3, 0.5],
      [0.25, 0.125],
    ]) {
      const [g, scaled] = [tf.tensor1d(values), tf.tensor1d(values.map((v) => v / 8))];
      a.step([g], { gradientScale: 1 / 8 });
      b.step([scaled]);
      expect(valuesOf(p)).toEqual(valuesOf(q));
      tf.dispose([g, scaled]);
    }
    a.dispose();
    b.dispose();
    free(p, q);
  });

  test.each(Object.entries(optimizers))(
    '%s: leaves a parameter without a gradient unchanged and counts steps per parameter',
    (_name, make) => {
      const [often, seldom, alone] = [parameter([1]), parameter([1]), parameter([1])];
      const optimizer = make([often, seldom]);
      const reference = make([alone]);
      const [g, h] = [tf.tensor1d([0.3]), tf.tensor1d([-0.2])];
      optimizer.step([g, null]);
      expect(valuesOf(seldom)).toEqual([1]);
      optimizer.step([g, g]);
      optimizer.step([g, h]);
      reference.step([g]);
      reference.step([h]);
      expect(valuesOf(seldom)).toEqual(valuesOf(alone));
      expect(optimizer.stepCount).toBe(3);
      optimizer.dispose();
      reference.dispose();
      tf.dispose([g, h]);
      free(often, seldom, alone);
    },
  );

  test.each(Object.entries(optimizers))(
    '%s: takes identical steps after restoring a state dict',
    async (_name, make) => {
      const [p, q, r] = [parameter([0.5, -1]), parameter([2]), parameter([3])];
      const gradients = [1, 2, 3, 4].map((k) => [tf.tensor1d([k, -0.1 * k]), tf.tensor1d([0.3]), null]);
      const first = make([p, q, r]);
      first.lr = 0.05;
      first.step(gradients[0]);
      first.step(gradients[1]);
      // Via JSON, as in a checkpoint.
      const stored = await first.stateDict();
      const json = JSON.stringify({ ...stored, tensors: mapTensors(stored, (data) => Array.from(data)) });
      const parsed: { step: number; tensors: Record<string, { shape: number[]; data: number[] }> } =
        JSON.parse(json);
      const loaded: StateDict = {
        ...parsed,
        tensors: mapTensors(parsed, (data: number[]) => Float32Array.from(data)),
      };
      const [p2, q2, r2] = [parameter(valuesOf(p)), parameter(valuesOf(q)), parameter(valuesOf(r))];
      const second = make([p2, q2, r2]);
      second.lr = 0.05;
      second.step(gradients[3]);
      for (const [from, to] of [
        [p, p2],
        [q, q2],
        [r, r2],
      ])
        to.variable.assign(from.variable);
      second.loadStateDict(loaded);
      expect(second.stepCount).toBe(2);
      for (const g of gradients.slice(2)) {
        first.step(g);
        second.step(g);
        expect(valuesOf(p2)).toEqual(valuesOf(p));
        expect(valuesOf(q2)).toEqual(valuesOf(q));
        expect(valuesOf(r2)).toEqual([3]);
      }
      expect(await second.stateDict()).toEqual(await first.stateDict());
      first.dispose();
      second.dispose();
      tf.dispose(gradients.flat().filter((g) => g !== null));
      free(p, q, r, p2, q2, r2);
    },
  );

  test.each(Object.entries(optimizers))('%s: leaks no tensor', async (_name, make) => {
    const before = tf.memory().numTensors;
    const [p, q] = [parameter([1, 2]), parameter([3])];
    const optimizer = make([p, q]);
    const gradients = [tf.tensor1d([0.1, 0.2]), tf.tensor1d([0.3])];
    optimizer.step(gradients);
    const after = tf.memory().numTensors;
    optimizer.step(gradients, { gradientScale: 0.5 });
    // A caller's tidy must not free the state.
    tf.tidy(() => optimizer.step(gradients));
    optimizer.loadStateDict(await optimizer.stateDict());
    expect(tf.memory().numTensors).toBe(after);
    optimizer.step(gradients);
    expect(tf.memory().numTensors).toBe(after);
    optimizer.dispose();
    tf.dispose(gradients);
    free(p, q);
    expect(tf.memory().numTensors).toBe(before);
  });

  test('state created in a caller’s tidy survives it and is not trainable', () => {
    const p = parameter([1]);
    const optimizer = new AdamW([p]);
    tf.tidy(() => optimizer.step([tf.tensor1d([1])]));
    const state = optimizer.stateTensors();
    expect(Object.keys(state)).toEqual(['0.exp_avg', '0.exp_avg_sq']);
    expect(Array.from(state['0.exp_avg'].dataSync())).toEqual(close([0.1]));
    expect(Array.from(state['0.exp_avg_sq'].dataSync())).toEqual(close([0.001], 1e-6));
    expect(state['0.exp_avg'].trainable).toBe(false);
    optimizer.dispose();
    free(p);
  });

  test('refuses invalid gradients, says what is wrong and changes nothing', () => {
    const [p, q] = [parameter([1]), parameter([1, 2])];
    const optimizer = new AdamW([p, q]);
    tf.tidy(() => {
      const [g, h] = [tf.tensor1d([1]), tf.tensor1d([1, 2])];
      expect(() => optimizer.step([g])).toThrow(/1 gradients for 2 parameters/);
      expect(() => optimizer.step([g, g])).toThrow(/gradient 1 is float32 of shape \[1\].*shape \[2\]/);
      expect(() => optimizer.step([g, tf.tensor1d([1, 2], 'int32')])).toThrow(/int32/);
      expect(() => optimizer.step([g, undefined as unknown as null])).toThrow(/pass null/);
      expect(() => optimizer.step([g, h], { gradientScale: Number.NaN })).toThrow(/gradientScale is NaN/);
      const gone = tf.tensor1d([1, 2]);
      gone.dispose();
      expect(() => optimizer.step([g, gone])).toThrow(/gradient 1 is disposed/);
    });
    expect([valuesOf(p), valuesOf(q), optimizer.stepCount]).toEqual([[1], [1, 2], 0]);
    expect(optimizer.stateTensors()).toEqual({});
    optimizer.dispose();
    expect(() => optimizer.step([null, null])).toThrow(/disposed/);
    free(p, q);
  });

  test('refuses a state dict of another model and keeps the old state', async () => {
    const [p, q] = [parameter([1, 2]), parameter([1])];
    const optimizer = new AdamW([p]);
    const gradient = tf.tensor1d([1, 1]);
    optimizer.step([gradient]);
    const good = await optimizer.stateDict();
    const changed = (tensors: StateDict['tensors']) => ({
      step: 1,
      tensors: { ...good.tensors, ...tensors },
    });
    const three = { shape: [3], data: new Float32Array(3) };
    expect(() => optimizer.loadStateDict(changed({ '0.exp_avg': three }))).toThrow(
      /0.exp_avg has shape \[3\].*\[2\]/,
    );
    expect(() => optimizer.loadStateDict(changed({ '1.exp_avg': three }))).toThrow(
      /1.exp_avg is not part of AdamW/,
    );
    const short = { shape: [2], data: new Float32Array(1) };
    expect(() => optimizer.loadStateDict(changed({ '0.exp_avg': short }))).toThrow(/has 1 values/);
    const { '0.exp_avg_sq': _, ...missing } = good.tensors;
    expect(() => optimizer.loadStateDict({ step: 1, tensors: missing })).toThrow(/0.exp_avg_sq is missing/);
    expect(() => optimizer.loadStateDict({ ...good, step: -1 })).toThrow(/step must be an integer/);
    expect(await optimizer.stateDict()).toEqual(good);
    optimizer.dispose();
    gradient.dispose();
    free(p, q);
  });
});

test('refuses invalid options and parameters', async () => {
  await start('cpu');
  const p = parameter([1]);
  expect(() => new AdamW([])).toThrow(/list of parameters is empty/);
  expect(() => new AdamW([p, p])).toThrow(/is listed twice/);
  expect(() => new AdamW([p, { parameters: [] }] as never)).toThrow(/not a mixture/);
  expect(() => new AdamW([p], { lr: -1 })).toThrow(
    /AdamW: lr must be a finite non-negative number, but it is -1/,
  );
  expect(() => new AdamW([p], { betas: [0.9, 1] })).toThrow(/betas\[1\] must be in \[0, 1\)/);
  expect(() => new AdamW([{ parameters: [p], lrScale: Number.NaN }])).toThrow(/lrScale of group 0/);
  expect(() => new SGD([p], { lr: 1, nesterov: true })).toThrow(/nesterov requires momentum above 0/);
  const optimizer = new SGD([p], { lr: 1 });
  expect(() => {
    optimizer.lr = Number.POSITIVE_INFINITY;
  }).toThrow(RangeError);
  expect(optimizer.lr).toBe(1);
  const integers = tf.tidy(() => tf.variable(tf.tensor1d([1], 'int32')));
  expect(() => new AdamW([{ variable: integers, weightDecay: true }])).toThrow(/int32, not float32/);
  integers.dispose();
  free(p);
});

function mapTensors<T, U>(
  state: { tensors: Record<string, { shape: number[]; data: T }> },
  f: (data: T) => U,
) {
  return Object.fromEntries(
    Object.entries(state.tensors).map(([name, { shape, data }]) => [name, { shape, data: f(data) }]),
  );
}
