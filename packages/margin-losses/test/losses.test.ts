import * as tf from '@tensorflow/tfjs-core';
import { backends, start } from '@unitsphere/testing/backends';
import fc from 'fast-check';
import { beforeAll, describe, expect, test } from 'vitest';
import {
  ArcFace,
  CombinedMargin,
  CosFace,
  type MarginLoss,
  NormalizedSoftmax,
  SphereFace,
} from '../src/index.js';
import {
  evaluate,
  logitsGradient,
  type Margin,
  referenceGradient,
  referenceLoss,
  relativeError,
} from './reference.js';

const angular = (m1: number, m2: number, m3: number) => (c: number) => Math.cos(m1 * Math.acos(c) + m2) - m3;

/** SphereFace's function ψ. */
const multiplied =
  (m: number): Margin =>
  (c) => {
    const angle = m * Math.acos(c);
    const k = Math.floor(angle / Math.PI);
    return (-1) ** k * Math.cos(angle) - 2 * k;
  };

interface Case {
  name: string;
  make(gradient: 'exact' | 'pass-through'): MarginLoss;
  margin: Margin;
  scale: number;
}

const cases: Case[] = [
  { name: 'CosFace', make: (gradient) => new CosFace({ gradient }), margin: (c) => c - 0.4, scale: 64 },
  {
    name: 'ArcFace',
    make: (gradient) => new ArcFace({ gradient }),
    margin: angular(1, 0.5, 0),
    scale: 64,
  },
  {
    name: 'ArcFace, easy margin',
    make: (gradient) => new ArcFace({ easyMargin: true, margin: 0.3, scale: 30, gradient }),
    margin: (c) => (c > 0 ? angular(1, 0.3, 0)(c) : c),
    scale: 30,
  },
  {
    name: 'ArcFace, monotonic',
    make: (gradient) => new ArcFace({ monotonic: true, gradient }),
    margin: (c) => (c > Math.cos(Math.PI - 0.5) ? angular(1, 0.5, 0)(c) : c - 0.5 * Math.sin(0.5)),
    scale: 64,
  },
  {
    name: 'CombinedMargin 1, 0.3, 0.2',
    make: (gradient) => new CombinedMargin({ m2: 0.3, m3: 0.2, gradient }),
    margin: angular(1, 0.3, 0.2),
    scale: 64,
  },
  {
    name: 'CombinedMargin 1.35, 0.1, 0.2',
    make: (gradient) => new CombinedMargin({ m1: 1.35, m2: 0.1, m3: 0.2, gradient }),
    margin: angular(1.35, 0.1, 0.2),
    scale: 64,
  },
  {
    name: 'NormalizedSoftmax',
    make: (gradient) => new NormalizedSoftmax({ gradient }),
    margin: (c) => c,
    scale: 64,
  },
  {
    name: 'SphereFace',
    make: (gradient) => new SphereFace({ gradient }),
    margin: multiplied(1.7),
    scale: 30,
  },
  {
    name: 'SphereFace, margin 4',
    make: (gradient) => new SphereFace({ margin: 4, scale: 8, gradient }),
    margin: multiplied(4),
    scale: 8,
  },
  {
    name: 'SphereFace, SphereFace-R',
    make: (gradient) => new SphereFace({ form: 'sphereface-r', gradient }),
    margin: (c) => Math.cos(Math.min(1.7 * Math.acos(c), Math.PI)),
    scale: 30,
  },
];

// Rows near a decision boundary and far from it, both extremes of the label's angle, and one row without a label.
const labels = Int32Array.of(0, 3, 2, 1, 4, -1, 2);
const rows = [
  [0.55, 0.1, -0.2, 0.05, 0.12],
  [-0.3, 0.2, 0.1, 0.35, 0.22],
  [0.01, -0.02, 0.99, 0.6, 0.61],
  [0.1, -0.97, -0.8, -0.7, -0.9],
  [0.3, 0.31, 0.29, 0.28, -0.4],
  [0.2, 0.4, -0.6, 0.35, 0.1],
  [-0.999, 0.999, 0.9999, 0.5, 0.7],
].map((row) => row.map(Math.fround));

describe.each(backends)('%s', (backend) => {
  beforeAll(() => start(backend));

  describe.each(cases.map((c) => [c.name, c] as const))('%s', (_name, { make, margin, scale }) => {
    test('loss matches the float64 definition', () => {
      const { value } = evaluate(make('exact'), rows, labels);
      expect(value / referenceLoss(rows, labels, scale, margin)).toBeCloseTo(1, 5);
    });

    test('gradient matches central differences in float64', () => {
      const { gradient } = evaluate(make('exact'), rows, labels);
      const expected = referenceGradient(rows, labels, scale, margin);
      // The gradient of the row without a label is that of its log-sum-exp.
      const absent = softmax(rows[5].map((c) => scale * c)).map((p) => (scale * p) / rows.length);
      expected.splice(25, 5, ...absent);
      rows.forEach((_, i) => {
        const part = (all: ArrayLike<number>) => Array.from(all).slice(5 * i, 5 * i + 5);
        // For a near-certain row float32 keeps 1 − softmax only to about 6e-8, however small the row's gradient is.
        const size = Math.max(...part(expected).map(Math.abs));
        const tolerance = 1e-4 + (3e-6 * scale) / rows.length / (size + 1e-12);
        expect(relativeError(part(gradient), part(expected)), `row ${i}`).toBeLessThan(tolerance);
      });
    });

    test('pass-through takes the slope of the margin as 1', () => {
      const { gradient } = evaluate(make('pass-through'), rows, labels);
      rows.forEach((row, i) => {
        const logits = row.map((c, j) => scale * (j === labels[i] ? margin(c, i) : c));
        const expected = softmax(logits).map(
          (p, j) => (scale * (p - (j === labels[i] ? 1 : 0))) / rows.length,
        );
        expect(Math.max(...expected.map((e, j) => Math.abs(e - gradient[5 * i + j])))).toBeLessThan(1e-4);
      });
    });

    test('logits change only the label column, and their gradient agrees with that of the loss', () => {
      const loss = make('exact');
      const { gradient } = evaluate(loss, rows, labels);
      tf.tidy(() => {
        const cosines = tf.tensor2d(rows);
        const logits = loss.logits(cosines, labels).arraySync();
        rows.forEach((row, i) => {
          row.forEach((c, j) => {
            expect(logits[i][j] / scale).toBeCloseTo(j === labels[i] ? margin(c, i) : c, 5);
          });
        });
        const dLogits = logits.map((l, i) =>
          softmax(l).map((p, j) => (p - (j === labels[i] ? 1 : 0)) / rows.length),
        );
        expect(
          relativeError(logitsGradient(loss, cosines, labels, tf.tensor2d(dLogits)), gradient),
        ).toBeLessThan(1e-5);
      });
    });

    test('gives the same result for a label tensor as for an array', () => {
      const loss = make('exact');
      const tensor = tf.tensor1d(labels, 'int32');
      expect(evaluate(loss, rows, tensor)).toEqual(evaluate(loss, rows, labels));
      tensor.dispose();
    });

    test('leaks no tensor, with and without a gradient', () => {
      const loss = make('exact');
      const cosines = tf.tensor2d(rows);
      const before = tf.memory().numTensors;
      evaluate(loss, rows, labels);
      loss.loss(cosines, labels).dispose();
      loss.logits(cosines, labels).dispose();
      tf.grad((c) => loss.loss(c as tf.Tensor2D, labels))(cosines).dispose();
      tf.grad((c) => loss.logits(c as tf.Tensor2D, labels))(cosines).dispose();
      expect(tf.memory().numTensors).toBe(before);
      cosines.dispose();
    });

    test('is finite at and next to cosines of ±1, with gradient 0 beyond', () => {
      const ends = [-1 - 2 ** -22, -1, -1 + 2 ** -24, 1 - 2 ** -24, 1, 1 + 2 ** -22];
      for (const gradient of ['exact', 'pass-through'] as const) {
        for (const end of ends) {
          const result = evaluate(
            make(gradient),
            [
              [end, 0.3],
              [0.2, end],
            ],
            Int32Array.of(0, 0),
          );
          expect(Number.isFinite(result.value)).toBe(true);
          expect(result.gradient.every(Number.isFinite)).toBe(true);
          if (Math.abs(end) > 1) expect(Math.abs(result.gradient[0])).toBe(0);
        }
      }
    });
  });

  test('ArcFace clamps the divisor of its derivative to 2^-11.5, only at cosines of exactly ±1', () => {
    const slopeAt = (c: number) =>
      tf.tidy(
        () =>
          logitsGradient(
            new ArcFace({ scale: 1 }),
            tf.tensor2d([[c, 0]]),
            Int32Array.of(0),
            tf.tensor2d([[1, 0]]),
          )[0],
      );
    const slope = (c: number, sine: number) => Math.sin(Math.acos(c) + 0.5) / sine;
    expect(slopeAt(1) / slope(1, 2 ** -11.5)).toBeCloseTo(1, 6);
    expect(slopeAt(-1) / slope(-1, 2 ** -11.5)).toBeCloseTo(1, 6);
    const nearest = 1 - 2 ** -24;
    expect(slopeAt(nearest) / slope(nearest, Math.sqrt(1 - nearest ** 2))).toBeCloseTo(1, 5);
  });

  test('is stable where probabilities underflow: far from the class, and certain of it', () => {
    const far = evaluate(new CosFace(), [[-1, 1, 0]], Int32Array.of(0));
    expect(far.value).toBeCloseTo(64 * 2.4, 3);
    expect(Array.from(far.gradient)).toEqual([-64, 64, 0].map((v) => expect.closeTo(v, 4)));
    const certain = evaluate(new CosFace(), [[1, -1, -1]], Int32Array.of(0));
    expect(certain.value).toBe(0);
    expect(Array.from(certain.gradient).every((g) => Math.abs(g) < 1e-30)).toBe(true);
  });

  test('gives the log of the class count for uniform cosines, raised by scale times margin', () => {
    const classes = 2000;
    const uniform = [new Array(classes).fill(0)];
    expect(evaluate(new NormalizedSoftmax(), uniform, Int32Array.of(7)).value).toBeCloseTo(
      Math.log(classes),
      4,
    );
    const withMargin = evaluate(new CosFace(), uniform, Int32Array.of(7)).value;
    expect(withMargin).toBeCloseTo(64 * 0.4 + Math.log(classes - 1 + Math.exp(-64 * 0.4)), 4);
  });

  test('gives loss 0 and gradient 0 for a single class', () => {
    const { value, gradient } = evaluate(new ArcFace(), [[0.3], [-0.2]], Int32Array.of(0, 0));
    expect(value).toBe(0);
    expect(Array.from(gradient).map(Math.abs)).toEqual([0, 0]);
  });

  test('CombinedMargin includes ArcFace, CosFace and no margin, in both forms', () => {
    const same = (a: MarginLoss, b: MarginLoss) => {
      const [x, y] = [evaluate(a, rows, labels), evaluate(b, rows, labels)];
      expect(x.value / y.value).toBeCloseTo(1, 6);
      expect(relativeError(x.gradient, y.gradient)).toBeLessThan(1e-6);
    };
    for (const form of ['paper', 'insightface'] as const) {
      same(new CombinedMargin({ m2: 0.5, form }), new ArcFace());
      same(new CombinedMargin({ m3: 0.4, form }), new CosFace());
      same(new CombinedMargin({ form }), new NormalizedSoftmax());
    }
    same(new CombinedMargin({ m1: 1.2, m2: 0.5, m3: 0.4, form: 'insightface' }), new CosFace());
  });

  test('logits are scale times cosine if all margins are 0', () => {
    fc.assert(
      fc.property(
        fc.array(
          fc.tuple(fc.double({ min: -1, max: 1, noNaN: true }), fc.double({ min: -1, max: 1, noNaN: true })),
          {
            minLength: 1,
            maxLength: 4,
          },
        ),
        (values) => {
          const which = Int32Array.from(values, (_, i) => (i % 3) - 1);
          for (const loss of [new ArcFace({ margin: 0 }), new CosFace({ margin: 0 }), new CombinedMargin()]) {
            tf.tidy(() => {
              const logits = loss.logits(tf.tensor2d(values), which).arraySync();
              values.forEach((row, i) => {
                row.forEach((c, j) => {
                  expect(Math.abs(logits[i][j] - 64 * c)).toBeLessThan(1e-4);
                });
              });
            });
          }
        },
      ),
      { numRuns: 20 },
    );
  });

  test('margin and scale can change between steps; a gradient uses those of its forward pass', () => {
    const loss = new CosFace();
    tf.tidy(() => {
      const gradient = tf.grad((c) => {
        const value = loss.loss(c as tf.Tensor2D, labels);
        loss.scale = 10;
        return value;
      })(tf.tensor2d(rows));
      expect(relativeError(gradient.dataSync(), evaluate(new CosFace(), rows, labels).gradient)).toBe(0);
    });
    loss.margin = 0.1;
    const expected = evaluate(new CosFace({ scale: 10, margin: 0.1 }), rows, labels);
    expect(evaluate(loss, rows, labels)).toEqual(expected);
  });

  test('refuses invalid input and says what is wrong', () => {
    const before = tf.memory().numTensors;
    tf.tidy(() => {
      const loss = new CosFace();
      const cosines = tf.tensor2d(rows);
      const call = (c: tf.Tensor, l: unknown) => () => loss.loss(c as tf.Tensor2D, l as Int32Array);
      expect(call(cosines, Int32Array.of(0, 0, 5, 0, 0, 0, 0))).toThrow(RangeError);
      expect(call(cosines, Int32Array.of(0, 0, 5, 0, 0, 0, 0))).toThrow(
        /row 2 is 5, but there are 5 classes/,
      );
      expect(call(cosines, tf.tensor1d([0, 0, 0, 0, 0, 0, -2], 'int32'))).toThrow(/row 6 is -2/);
      expect(call(cosines, Int32Array.of(0))).toThrow(/7 rows of cosines came with 1 labels/);
      expect(call(cosines, [0, 0, 0, 0, 0, 0, 0])).toThrow(/Int32Array or an int32 tensor/);
      expect(call(cosines, tf.zeros([7]))).toThrow(/float32 of shape \[7\]/);
      expect(call(cosines, tf.zeros([7, 5], 'int32'))).toThrow(/int32 of shape \[7,5\]/);
      expect(call(tf.zeros([7]), labels)).toThrow(/float32 \[batch, classes\].*shape \[7\]/);
      expect(call(tf.zeros([7, 5], 'int32'), labels)).toThrow(TypeError);
      expect(call(tf.zeros([0, 5]), new Int32Array(0))).toThrow(/\[0,5\] are empty/);
    });
    expect(tf.memory().numTensors).toBe(before);
  });

  test('checkNumerics names the first invalid cosine; without it cosines are not checked', () => {
    const loss = new ArcFace({ checkNumerics: true });
    const bad = (value: number) => () =>
      evaluate(
        loss,
        [
          [0.1, 0.2],
          [0.3, value],
        ],
        Int32Array.of(0, 0),
      );
    expect(bad(Number.NaN)).toThrow(/row 1 and class 1 is NaN/);
    expect(bad(1.2)).toThrow(/divide embeddings and class centers by their lengths/);
    expect(bad(1 + 2 ** -20)).not.toThrow();
    expect(evaluate(new ArcFace(), [[0.1, Number.NaN]], Int32Array.of(0)).value).toBeNaN();
  });
});

test('refuses options out of range', () => {
  expect(() => new CosFace({ margin: -0.1 })).toThrow(/CosFace: margin must be in \[0, 2\), but it is -0.1/);
  expect(() => new ArcFace({ margin: 4 })).toThrow(/\[0, 3.1416\)/);
  expect(() => new ArcFace({ scale: 0 })).toThrow(/above 0/);
  expect(() => new ArcFace({ easyMargin: true, monotonic: true })).toThrow(/set only one/);
  expect(() => new CombinedMargin({ m1: 0 })).toThrow(RangeError);
  expect(() => new CombinedMargin({ m1: 1.2, form: 'insightface' })).toThrow(
    /use form 'paper', or set m1 to 1/,
  );
  expect(() => new SphereFace({ margin: 0.9 })).toThrow(
    'SphereFace: margin must be a finite number of at least 1, but it is 0.9.',
  );
  expect(() => new SphereFace({ form: 'v2' as 'sphereface' })).toThrow(/'sphereface' or 'sphereface-r'/);
  expect(() => new CosFace({ gradient: 'none' as 'exact' })).toThrow(/'exact' or 'pass-through'/);
  expect(() => new CombinedMargin({ form: 'other' as 'paper' })).toThrow(/'paper' or 'insightface'/);
  const loss = new ArcFace();
  expect(() => {
    loss.margin = Number.NaN;
  }).toThrow(RangeError);
  expect(() => {
    loss.scale = Number.POSITIVE_INFINITY;
  }).toThrow(RangeError);
  expect([loss.margin, loss.scale]).toEqual([0.5, 64]);
});

function softmax(logits: number[]): number[] {
  const largest = Math.max(...logits);
  const powers = logits.map((l) => Math.exp(l - largest));
  const sum = powers.reduce((a, b) => a + b, 0);
  return powers.map((p) => p / sum);
}
