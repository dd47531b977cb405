/** Compares AdaFace and CurricularFace with their float64 definitions, at extreme inputs too, and tests their statistics. */
import * as tf from '@tensorflow/tfjs-core';
import { backends, start } from '@unitsphere/testing/backends';
import { beforeEach, describe, expect, test } from 'vitest';
import { AdaFace, CurricularFace, type LabelMarginLoss, type MarginLossOptions } from '../src/index.js';
import {
  evaluate,
  logitsGradient,
  type Margin,
  type Negative,
  referenceGradient,
  referenceLoss,
  relativeError,
} from './reference.js';

const clip = (x: number, low: number, high: number) => Math.min(high, Math.max(low, x));

const labels = Int32Array.of(0, 3, 2, 1, 4, 2);
const rows = [
  [0.55, 0.1, -0.2, 0.05, 0.12],
  [-0.3, 0.2, 0.1, 0.35, 0.22],
  [0.01, -0.02, 0.99, 0.6, 0.61],
  [0.1, -0.97, -0.8, -0.7, -0.9],
  [0.3, 0.31, 0.29, 0.28, -0.4],
  [-0.9, 0.99, 0.995, 0.5, 0.7],
].map((row) => row.map(Math.fround));
const norms = [0, 12, 19, 25, 60, 400];
const [mean, std, t] = [20.5, 8.25, 0.375];

const adaFace: Margin = (c, row) => {
  const z = clip((0.333 * (clip(norms[row], 1e-3, 100) - mean)) / (std + 1e-3), -1, 1);
  const angle = Math.acos(clip(c, -0.999, 0.999)) - 0.4 * z;
  return Math.cos(clip(angle, 1e-3, Math.PI - 1e-3)) - 0.4 - 0.4 * z;
};
const arcFace: Margin = (c) =>
  c > Math.cos(Math.PI - 0.5) ? Math.cos(Math.acos(c) + 0.5) : c - 0.5 * Math.sin(0.5);
const hard: Negative = (c, own) => (c > Math.cos(Math.acos(own) + 0.5) ? c * (t + c) : c);

interface Case {
  name: string;
  make(options?: MarginLossOptions): LabelMarginLoss;
  state: { [name: string]: number };
  margin: Margin;
  negative?: Negative;
}

const cases: Case[] = [
  {
    name: 'AdaFace',
    make: (options) => new AdaFace({ scale: 16, ...options }),
    state: { batch_mean: mean, batch_std: std },
    margin: adaFace,
  },
  {
    name: 'CurricularFace',
    make: (options) => new CurricularFace({ scale: 16, ...options }),
    state: { t },
    margin: arcFace,
    negative: hard,
  },
];

type SavedValue = { dtype: string; shape: number[]; data: number[] };
const saved = (state: { [name: string]: number }) =>
  new Map<string, SavedValue>(
    Object.entries(state).map(([name, value]) => [name, { dtype: 'F32', shape: [1], data: [value] }]),
  );
const valuesOf = async ({ statistics }: LabelMarginLoss) =>
  Object.fromEntries([...(await statistics!.stateDict())].map(([name, { data }]) => [name, data[0]]));
/** Creates a loss with given statistics that do not change. */
function fixed({ make, state }: Case, options?: MarginLossOptions): LabelMarginLoss {
  const loss = make(options);
  loss.statistics!.loadStateDict(saved(state));
  loss.statistics!.training = false;
  return loss;
}

describe.each(backends)('%s', (backend) => {
  beforeEach(() => start(backend));

  describe.each(cases.map((c) => [c.name, c] as const))('%s', (_name, c) => {
    test('matches the float64 definition: loss, logits and gradients', () => {
      const before = tf.memory().numTensors;
      const loss = fixed(c);
      const { value, gradient } = evaluate(loss, rows, labels, norms);
      expect(value / referenceLoss(rows, labels, 16, c.margin, c.negative)).toBeCloseTo(1, 5);
      const expected = referenceGradient(rows, labels, 16, c.margin, c.negative);
      rows.forEach((_, i) => {
        const part = (all: ArrayLike<number>) => Array.from(all).slice(5 * i, 5 * i + 5);
        const size = Math.max(...part(expected).map(Math.abs));
        const rounding = (3e-6 * 16) / rows.length / (size + 1e-12);
        expect(relativeError(part(gradient), part(expected)), `row ${i}`).toBeLessThan(1e-5 + rounding);
      });
      tf.tidy(() => {
        const cosines = tf.tensor2d(rows);
        const lengths = tf.tensor1d(norms);
        const logits = loss.logits(cosines, labels, lengths);
        const dLogits = tf.div(tf.sub(tf.softmax(logits), tf.oneHot(labels, 5)), rows.length) as tf.Tensor2D;
        const through = logitsGradient(loss, cosines, labels, dLogits, lengths);
        expect(relativeError(through, gradient)).toBeLessThan(1e-5);
      });
      expect(tf.memory().numTensors).toBe(before);
    });

    test('target and negatives together give the logits, for any subset of the columns', () => {
      const loss = fixed(c);
      tf.tidy(() => {
        const [cosines, lengths] = [tf.tensor2d(rows), tf.tensor1d(norms)];
        const own = tf.tensor1d(rows.map((row, i) => row[labels[i]]));
        const logits = loss.logits(cosines, labels, lengths).arraySync();
        const target = loss.target(own, lengths).value.dataSync();
        const others = loss.negatives?.(cosines, own).value ?? cosines;
        const some = loss.negatives?.(tf.slice(cosines, [0, 1], [-1, 3]) as tf.Tensor2D, own).value;
        if (some) expect(some.arraySync()).toEqual(tf.slice(others, [0, 1], [-1, 3]).arraySync());
        (others.arraySync() as number[][]).forEach((row, i) => {
          row.forEach((value, j) => {
            expect(logits[i][j]).toBe(16 * (j === labels[i] ? target[i] : value));
          });
        });
      });
    });

    test('pass-through takes the slope of the margin as 1, only in the label column', () => {
      const [exact, through] = (['exact', 'pass-through'] as const).map((gradient) =>
        evaluate(fixed(c, { gradient }), rows, labels, norms),
      );
      expect(through.value).toBe(exact.value);
      rows.forEach((row, i) => {
        const logits = row.map(
          (v, j) => 16 * (j === labels[i] ? c.margin(v, i) : (c.negative?.(v, row[labels[i]]) ?? v)),
        );
        const sum = logits.reduce((total, logit) => total + Math.exp(logit), 0);
        row.forEach((_, j) => {
          const at = 5 * i + j;
          if (j !== labels[i]) expect(through.gradient[at]).toBe(exact.gradient[at]);
          else {
            const expected = (16 * (Math.exp(logits[j]) / sum - 1)) / rows.length;
            expect(Math.abs(through.gradient[at] - expected)).toBeLessThan(1e-5);
          }
        });
      });
    });

    test('is finite at and next to cosines of ±1, for any norm, with gradient 0 beyond', () => {
      for (const gradient of ['exact', 'pass-through'] as const) {
        for (const end of [-1 - 2 ** -22, -1, -1 + 2 ** -24, 1 - 2 ** -24, 1, 1 + 2 ** -22]) {
          const ends = [
            [end, 0.3],
            [0.2, end],
            [end, end],
          ];
          const result = evaluate(
            fixed(c, { gradient, scale: 64 }),
            ends,
            Int32Array.of(0, 0, 0),
            [0, 20, 1e30],
          );
          expect(Number.isFinite(result.value)).toBe(true);
          expect(result.gradient.every(Number.isFinite)).toBe(true);
          if (Math.abs(end) > 1) expect(Math.abs(result.gradient[0])).toBe(0);
        }
      }
    });

    test('leaves a row without a label unchanged', () => {
      const loss = fixed(c);
      tf.tidy(() => {
        const absent = Int32Array.of(-1, 3, -1, -1, -1, -1);
        const logits = loss.logits(tf.tensor2d(rows), absent, tf.tensor1d(norms)).arraySync();
        for (const row of [0, 2, 3, 4, 5]) expect(logits[row]).toEqual(rows[row].map((v) => 16 * v));
        const { gradient } = evaluate(loss, rows, absent, norms);
        const p = tf.softmax(tf.tensor1d(rows[0].map((v) => 16 * v))).dataSync();
        expect(
          relativeError(
            gradient.slice(0, 5),
            p.map((v) => (16 * v) / rows.length),
          ),
        ).toBeLessThan(1e-5);
      });
    });

    test('updates the statistics once per call, before using them, unless training is false; leaks no tensor', async () => {
      const before = tf.memory().numTensors;
      const loss = c.make();
      const { statistics } = loss;
      const first = await valuesOf(loss);
      const moved = evaluate(loss, rows, labels, norms).value;
      const after = await valuesOf(loss);
      for (const name of Object.keys(c.state)) expect(after[name]).not.toBe(first[name]);
      statistics!.training = false;
      expect(evaluate(loss, rows, labels, norms).value).toBe(moved);
      expect(await valuesOf(loss)).toEqual(after);
      statistics!.training = true;

      // The same with an explicit observe().
      const other = c.make();
      other.statistics!.training = false;
      tf.tidy(() => {
        const own = tf.tensor1d(rows.map((row, i) => row[labels[i]]));
        other.statistics!.observe({ own, norms: tf.tensor1d(norms) });
      });
      expect(await valuesOf(other)).toEqual(after);
      expect(evaluate(other, rows, labels, norms).value).toBe(moved);

      tf.tidy(() => void loss.logits(tf.tensor2d(rows), labels, tf.tensor1d(norms)));
      expect(await valuesOf(loss)).not.toEqual(after);
      // A saved state can be restored, and a call with an invalid label changes nothing.
      loss.statistics!.loadStateDict(await other.statistics!.stateDict());
      expect(await valuesOf(loss)).toEqual(after);
      expect(() => evaluate(loss, rows, Int32Array.of(9, 0, 0, 0, 0, 0), norms)).toThrow('row 0 is 9');
      expect(await valuesOf(loss)).toEqual(after);
      for (const one of [loss, other]) one.statistics!.dispose();
      expect(await valuesOf(loss)).toEqual(first);
      expect(tf.memory().numTensors).toBe(before);
    });

    test('an invalid saved state is an error and changes nothing', async () => {
      const loss = fixed(c);
      const was = await valuesOf(loss);
      const [name, ...rest] = Object.keys(c.state);
      const { statistics } = loss;
      expect(() => statistics!.loadStateDict(new Map())).toThrow(
        `${c.name}: the saved state lacks '${name}'; it belongs to another loss.`,
      );
      const last = rest.at(-1) ?? name;
      const bad = (data: number[]) => saved(c.state).set(last, { dtype: 'F32', shape: [data.length], data });
      expect(() => statistics!.loadStateDict(bad([Number.NaN]))).toThrow(
        `${c.name}: '${last}' must be one finite number, but it is [NaN] of shape [1].`,
      );
      expect(() => statistics!.loadStateDict(bad([1, 2]))).toThrow('of shape [2]');
      expect(await valuesOf(loss)).toEqual(was);
    });
  });

  test('AdaFace keeps its deviation for a batch of one row, and gives norms no gradient', async () => {
    const loss = new AdaFace({ tAlpha: 0.5 });
    const { value, gradient } = evaluate(loss, [[0.3, 0.1]], Int32Array.of(0), [30]);
    expect(Number.isFinite(value)).toBe(true);
    expect(gradient.every(Number.isFinite)).toBe(true);
    expect(await valuesOf(loss)).toEqual({ batch_mean: 25, batch_std: 100 });
    tf.tidy(() => {
      const lengths = tf.tensor1d([3, 30]);
      const cosines = tf.tensor2d([[0.3], [0.2]]);
      const ofLengths = () =>
        tf.grad((x) => loss.loss(cosines, Int32Array.of(0, 0), x as tf.Tensor1D))(lengths);
      expect(ofLengths).toThrow('Cannot compute gradient of y=f(x) with respect to x');
    });
    loss.statistics.dispose();
  });

  test('AdaFace refuses missing or malformed norms and says what to pass', () => {
    tf.tidy(() => {
      const loss = new AdaFace();
      const cosines = tf.tensor2d(rows);
      expect(() => loss.loss(cosines, labels)).toThrow(
        "AdaFace: norms are missing. Pass the embeddings' lengths before normalization, float32 [6]: tf.norm(embeddings, 2, 1).",
      );
      expect(() => loss.target(tf.tensor1d([0.1]))).toThrow(TypeError);
      expect(() => loss.logits(cosines, labels, tf.ones([6, 1]) as never)).toThrow(
        'norms must be float32 [6], but they are float32 of shape [6,1]',
      );
      expect(() => loss.logits(cosines, labels, tf.ones([5]))).toThrow('shape [5]');
      expect(() => loss.statistics.observe({})).toThrow('norms are missing');
      expect(() => new CurricularFace().statistics.observe({})).toThrow(
        "pass the cosines with the labels' centers",
      );
    });
  });

  test('CurricularFace does not update t from rows without a label', async () => {
    const loss = new CurricularFace({ momentum: 0.5 });
    evaluate(loss, [[0.5], [0.25], [-0.75]], Int32Array.of(0, -1, 0));
    expect(await valuesOf(loss)).toEqual({ t: 0.5 * -0.125 });
    evaluate(loss, [[0.5], [0.25]], Int32Array.of(-1, -1));
    expect(await valuesOf(loss)).toEqual({ t: 0.5 * -0.125 });
    loss.statistics.dispose();
  });
});

test('refuses options out of range', () => {
  expect(() => new AdaFace({ margin: 1.6 })).toThrow(
    /AdaFace: margin must be in \[0, 1.5708\), but it is 1.6/,
  );
  expect(() => new AdaFace({ h: -1 })).toThrow(/AdaFace: h must be/);
  expect(() => new AdaFace({ tAlpha: 1.1 })).toThrow('AdaFace: tAlpha must be in [0, 1], but it is 1.1.');
  expect(() => new CurricularFace({ margin: 4 })).toThrow(/CurricularFace: margin must be in \[0, 3.1416\)/);
  expect(() => new CurricularFace({ momentum: Number.NaN })).toThrow(
    'CurricularFace: momentum must be in [0, 1]',
  );
  const loss = new CurricularFace();
  expect(() => {
    loss.margin = -1;
  }).toThrow(RangeError);
  expect(loss.margin).toBe(0.5);
});
