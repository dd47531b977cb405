/** Compares the margin softmax with its definition in float64, and its gradients with finite differences. */
import * as tf from '@tensorflow/tfjs-core';
import { backends, everyBackend, on, read } from '@unitsphere/testing/backends';
import { fill, relativeError } from '@unitsphere/testing/operation-case';
import { describe, expect, test } from 'vitest';
import * as ops from '../src/index.js';

interface Case {
  name: string;
  batch: number;
  classes: number;
  dimensions: number;
  scale: number;
  margin: number;
  filterThreshold?: number;
  /** Approximate norm of the class centers. */
  size?: number;
  labels?: number[];
  /** Whether row 0 is its class center, and row 1 the opposite of its own. */
  poles?: boolean;
}

const cases: Case[] = [
  { name: 'odd sizes', batch: 5, classes: 13, dimensions: 9, scale: 16, margin: 0.3 },
  { name: 'sizes of the vector width', batch: 8, classes: 32, dimensions: 16, scale: 16, margin: 0.3 },
  {
    name: 'small centers at scale 64',
    batch: 7,
    classes: 21,
    dimensions: 24,
    scale: 64,
    margin: 0.4,
    size: 0.01,
  },
  {
    name: 'labels of other ranks',
    batch: 4,
    classes: 6,
    dimensions: 5,
    scale: 8,
    margin: 0.2,
    labels: [-1, 5, -1, 0],
  },
  {
    name: 'only labels of other ranks',
    batch: 2,
    classes: 3,
    dimensions: 4,
    scale: 8,
    margin: 0.2,
    labels: [-1, -1],
  },
  {
    name: 'one class, the label',
    batch: 3,
    classes: 1,
    dimensions: 4,
    scale: 8,
    margin: 0.2,
    labels: [0, -1, 0],
  },
  { name: 'one row', batch: 1, classes: 70, dimensions: 3, scale: 32, margin: 0.5 },
  { name: 'filtering', batch: 6, classes: 19, dimensions: 4, scale: 16, margin: 0.3, filterThreshold: 0.4 },
  {
    name: 'cosines of 1 and -1 at scale 64',
    batch: 4,
    classes: 11,
    dimensions: 8,
    scale: 64,
    margin: 0.4,
    poles: true,
  },
  { name: 'many classes', batch: 3, classes: 1031, dimensions: 20, scale: 64, margin: 0.4 },
];

function make(c: Case) {
  const labels = Int32Array.from(
    c.labels ?? Array.from({ length: c.batch }, (_, i) => (i * 7 + 2) % c.classes),
  );
  const centers = fill(c.classes * c.dimensions, 3).map((v) => v * (c.size ?? 1));
  const embeddings = fill(c.batch * c.dimensions, 5);
  if (c.poles) {
    for (let d = 0; d < c.dimensions; d++) {
      embeddings[d] = centers[labels[0] * c.dimensions + d];
      embeddings[c.dimensions + d] = -centers[labels[1] * c.dimensions + d];
    }
  }
  for (let i = 0; i < c.batch; i++) {
    const row = embeddings.subarray(i * c.dimensions, (i + 1) * c.dimensions);
    const norm = Math.hypot(...row);
    row.forEach((v, d) => {
      row[d] = v / norm;
    });
  }
  return { labels, centers, embeddings };
}

/** Returns the sum of exp(logit) over the classes of other ranks: a few terms of ordinary size. */
const sumElsewhere = (c: Case) => 3 * Math.exp(c.scale * 0.1);

function reference(c: Case, embeddings: ArrayLike<number>, centers: ArrayLike<number>, labels: Int32Array) {
  const threshold = c.filterThreshold || 2;
  return Array.from(labels, (label, i) => {
    const cosines = Array.from({ length: c.classes }, (_, j) => {
      let [dot, square] = [0, 0];
      for (let d = 0; d < c.dimensions; d++) {
        dot += embeddings[i * c.dimensions + d] * centers[j * c.dimensions + d];
        square += centers[j * c.dimensions + d] ** 2;
      }
      return dot / Math.sqrt(square);
    });
    const others = cosines.filter((_, j) => j !== label).map((v) => c.scale * (v > threshold ? 0 : v));
    const rowMax = Math.max(-1e30, ...others);
    const sum = others.reduce((total, l) => total + Math.exp(l - rowMax), 0);
    const own = label < 0 ? 0 : cosines[label];
    const target = c.scale * (own - c.margin);
    const total = sum * Math.exp(rowMax) + (label < 0 ? 0 : Math.exp(target)) + sumElsewhere(c);
    return { own, rowMax, rowSum: sum, target, logSumExp: Math.log(total) };
  });
}

/** Computes the loss. For rows whose label is on another rank, only the log-sum-exp depends on these classes. */
function loss(
  c: Case,
  embeddings: ArrayLike<number>,
  centers: ArrayLike<number>,
  labels: Int32Array,
): number {
  const rows = reference(c, embeddings, centers, labels);
  return rows.reduce((sum, r, i) => sum + r.logSumExp - (labels[i] < 0 ? 0 : r.target), 0) / (2 * c.batch);
}

/** Computes central differences at every k-th place, so that large cases stay fast. */
function numericGradient(
  values: Float32Array,
  every: number,
  at: (values: Float64Array) => number,
): number[] {
  const moved = Float64Array.from(values);
  return sample(values, every).map((value, index) => {
    const h = 1e-6 * Math.max(1e-3, Math.abs(value));
    moved[index * every] = value + h;
    const above = at(moved);
    moved[index * every] = value - h;
    const below = at(moved);
    moved[index * every] = value;
    return (above - below) / (2 * h);
  });
}

const sample = (values: ArrayLike<number>, every: number) =>
  Array.from(values).filter((_, index) => index % every === 0);

describe.each(everyBackend)('%s', (backend) => {
  test.each(cases.map((c) => [c.name, c] as const))('%s', async (_name, c) => {
    const { labels, centers, embeddings } = make(c);
    const rows = reference(c, embeddings, centers, labels);
    const ownGradients = rows.map((r, i) =>
      labels[i] < 0 ? 0 : (Math.expm1(r.target - r.logSumExp) * c.scale) / (2 * c.batch),
    );
    const [own, rowMax, rowSum, inverseNorms, dEmbeddings, dCenters] = await on(backend, () => {
      const e = tf.tensor2d(embeddings, [c.batch, c.dimensions]);
      const w = tf.tensor2d(centers, [c.classes, c.dimensions]);
      const y = tf.tensor1d(labels, 'int32');
      const options = { scale: c.scale, filterThreshold: c.filterThreshold };
      const before = tf.memory().numTensors;
      const sums = ops.marginSoftmaxForward(e, w, y, options);
      expect(tf.memory().numTensors).toBe(before + 4);
      const { inverseNorms } = sums;
      const held = tf.memory().numTensors;
      const logSumExp = tf.tensor1d(rows.map((r) => r.logSumExp));
      const ownGradient = tf.tensor1d(ownGradients);
      const gradients = ops.marginSoftmaxBackward(
        { embeddings: e, centers: w, labels: y, inverseNorms, logSumExp, ownGradient },
        { ...options, rows: 2 * c.batch },
      );
      expect(tf.memory().numTensors).toBe(held + 4);
      const { own, rowMax, rowSum } = sums;
      return Promise.all(
        [own, rowMax, rowSum, inverseNorms, gradients.dEmbeddings, gradients.dCenters].map(read),
      );
    });
    const column = (name: 'own' | 'rowMax' | 'rowSum') => rows.map((r) => r[name]);
    expect(relativeError(own, column('own'), 1)).toBeLessThan(1e-6);
    expect(relativeError(rowMax, column('rowMax'), c.scale)).toBeLessThan(1e-6);
    // An error of 1e-7 in a cosine is an error of scale · 1e-7 in a term.
    expect(relativeError(rowSum, column('rowSum'))).toBeLessThan(4e-7 * c.scale + 1e-6);
    const lengths = Array.from({ length: c.classes }, (_, j) =>
      Math.hypot(...centers.subarray(j * c.dimensions, (j + 1) * c.dimensions)),
    );
    const inverseLengths = lengths.map((l) => 1 / l);
    expect(relativeError(inverseNorms, inverseLengths)).toBeLessThan(1e-6);

    const every = Math.ceil(centers.length / 300);
    const expected = numericGradient(centers, every, (v) => loss(c, embeddings, v, labels));
    // At a pole the gradient vanishes, so rounding is relative to the terms that cancel.
    const termSize = c.poles ? c.scale / c.batch : 1e-6;
    expect(relativeError(sample(dCenters, every), expected, termSize / (c.size ?? 1))).toBeLessThan(1e-4);
    // The gradient is with respect to unconstrained embeddings: l2Normalize has the gradient of their normalization.
    const expectedE = numericGradient(embeddings, 1, (v) => loss(c, v, centers, labels));
    expect(relativeError(dEmbeddings, expectedE)).toBeLessThan(1e-4);
  });
});

test.each(cases.map((c) => [c.name, c] as const))(
  'gives bit-identical gradients from kept cosines: %s',
  async (_name, c) => {
    const { labels, centers, embeddings } = make(c);
    const rows = reference(c, embeddings, centers, labels);
    await on('wasm', async () => {
      const [e, w] = [
        tf.tensor2d(embeddings, [c.batch, c.dimensions]),
        tf.tensor2d(centers, [c.classes, c.dimensions]),
      ];
      const y = tf.tensor1d(labels, 'int32');
      const options = { scale: c.scale, filterThreshold: c.filterThreshold };
      const { cosines, ...sums } = ops.marginSoftmaxForward(e, w, y, { ...options, keepCosines: true });
      expect(cosines?.size).toBe(c.batch * c.classes);
      const plain = ops.marginSoftmaxForward(e, w, y, options);
      expect(Object.keys(plain)).toEqual(Object.keys(sums));
      for (const name of ['own', 'rowMax', 'rowSum', 'inverseNorms'] as const) {
        expect([...sums[name].dataSync()], name).toEqual([...plain[name].dataSync()]);
      }
      const inputs = {
        embeddings: e,
        centers: w,
        labels: y,
        inverseNorms: sums.inverseNorms,
        logSumExp: tf.tensor1d(rows.map((r) => r.logSumExp)),
        ownGradient: tf.tensor1d(rows.map((_, i) => -0.01 * i)),
      };
      const gradients = (kept?: tf.Tensor1D) =>
        Object.values(
          ops.marginSoftmaxBackward({ ...inputs, cosines: kept }, { ...options, rows: c.batch }),
        ).map((gradient) => [...gradient.dataSync()]);
      const expected = gradients();
      // The backward pass must not change the cosines.
      for (let pass = 0; pass < 2; pass++) expect(gradients(cosines)).toEqual(expected);
    });
  },
);

test('keeps no cosines above 16 MiB, or without a kernel', async () => {
  for (const [backend, classes] of [
    ['wasm', 2 ** 21 + 1],
    ['cpu', 10],
  ] as const) {
    await on(backend, () => {
      const sums = ops.marginSoftmaxForward(
        tf.ones([2, 1]),
        tf.ones([classes, 1]),
        tf.tensor1d([0, 1], 'int32'),
        {
          scale: 1,
          keepCosines: true,
        },
      );
      expect(Object.keys(sums)).toEqual(['own', 'rowMax', 'rowSum', 'inverseNorms']);
    });
  }
  await on('wasm', () => {
    const [e, w, y] = [
      tf.ones<tf.Rank.R2>([2, 3]),
      tf.ones<tf.Rank.R2>([5, 3]),
      tf.tensor1d([0, 1], 'int32'),
    ];
    const { inverseNorms } = ops.marginSoftmaxForward(e, w, y, { scale: 1 });
    const inputs = { embeddings: e, centers: w, labels: y, inverseNorms };
    expect(() =>
      ops.marginSoftmaxBackward(
        { ...inputs, logSumExp: tf.ones([2]), ownGradient: tf.ones([2]), cosines: tf.ones([9]) },
        { scale: 1, rows: 2 },
      ),
    ).toThrow('the number of cosines is 9, but 10 was expected');
  });
});

test('l2NormalizeGradient is the gradient of l2Normalize', async () => {
  for (const backend of backends) {
    await on(backend, () => {
      const [x, dy] = [tf.tensor2d(fill(35, 1), [5, 7]), tf.tensor2d(fill(35, 2), [5, 7])];
      const taped = tf.grad((v: tf.Tensor) => ops.l2Normalize(v as tf.Tensor2D))(x, dy);
      expect([...ops.l2NormalizeGradient(x, dy).dataSync()]).toEqual([...taped.dataSync()]);
    });
  }
});
