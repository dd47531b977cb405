import * as tf from '@tensorflow/tfjs-core';
import { start } from '@unitsphere/testing/backends';
import { beforeAll, expect, test } from 'vitest';
import { exp } from '../src/host/exp.js';
import { hostKernels } from '../src/host/heap.js';
import {
  AngularLoss,
  ClassWeightedReducer,
  ContrastiveLoss,
  CosineSimilarity,
  type EmbeddingLoss,
  EuclideanDistance,
  type LossCall,
  MultiSimilarityLoss,
  ProxyAnchorLoss,
  ProxyNCALoss,
  SigLIPLoss,
  SubCenterArcFaceLoss,
  SupConLoss,
  ThresholdReducer,
} from '../src/index.js';

beforeAll(() => start('wasm'));

test('the fast exponential equals Math.exp to 1e-9', () => {
  let largest = 0;
  for (let x = -708; x < 709; x += 0.0371) {
    const expected = Math.exp(x);
    largest = Math.max(largest, Math.abs(exp(x) - expected) / expected);
  }
  expect(largest).toBeLessThan(1e-9);
  expect(exp(-720)).toBe(Math.exp(-720));
  expect([Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY, 0].map(exp)).toEqual([0, Infinity, 1]);
  expect(exp(Number.NaN)).toBeNaN();
});

/** Computes a loss and its gradients by kernels with WebAssembly and without it, and by stock operations. */
function computeAll(loss: EmbeddingLoss, rows: number, scale: number, call?: LossCall) {
  const labels = Int32Array.from({ length: rows }, (_, row) => row % 3);
  const run = () =>
    tf.tidy(() => {
      const x = tf.variable(tf.randomNormal([rows, 6], 0, scale, 'float32', 5)) as tf.Variable<tf.Rank.R2>;
      const all = [x, ...loss.parameters];
      const { value, grads } = tf.variableGrads(() => loss.loss(x, labels, call), all);
      return [value, ...all.map(({ name }) => grads[name])].map((t) => [...t.dataSync()]);
    });
  const wasm = run();
  hostKernels.useWasm = false;
  const host = run();
  hostKernels.areOn = false;
  try {
    return { wasm, host, composed: run() };
  } finally {
    Object.assign(hostKernels, { areOn: true, useWasm: true });
  }
}

// A miner may choose a pair twice, only one of its directions, and a row of another class.
const tuples = {
  anchors: Int32Array.of(0, 0, 3, 4, 2),
  positives: Int32Array.of(3, 3, 0, 1, 0),
  negativeAnchors: Int32Array.of(0, 1, 1),
  negatives: Int32Array.of(1, 2, 2),
};

/** A reference without a gradient, as a memory passes it; its first rows are the batch's. */
function reference(columns: number): () => LossCall {
  return () => ({
    ref: tf.randomNormal([columns, 6], 0, 1, 'float32', 7) as tf.Tensor2D,
    refLabels: Int32Array.from({ length: columns }, (_, column) => (column < 9 ? column % 3 : 9)),
    ownColumns: Int32Array.from({ length: 9 }, (_, row) => row),
    refGradient: false,
  });
}

test.each<[string, () => EmbeddingLoss, number, (LossCall | (() => LossCall))?]>([
  ['AngularLoss', () => new AngularLoss(), 1],
  ['AngularLoss, mined pairs', () => new AngularLoss(), 1, { tuples }],
  ['AngularLoss, losses above 2', () => new AngularLoss({ reducer: new ThresholdReducer({ low: 2 }) }), 1],
  ['SigLIPLoss, repeated pairs', () => new SigLIPLoss({ scale: 3, bias: 1 }), 1, { tuples }],
  [
    'SigLIPLoss, rows of unequal weight',
    () => new SigLIPLoss({ scale: 3, bias: 1, reducer: new ClassWeightedReducer([1, 3, 5]) }),
    1,
  ],
  [
    'ContrastiveLoss, rows of unequal weight',
    () => new ContrastiveLoss({ reducer: new ClassWeightedReducer([1, 3, 5]) }),
    1,
  ],
  ['ContrastiveLoss, rows of equal weight', () => new ContrastiveLoss({ negMargin: 1.6 }), 1],
  [
    'ContrastiveLoss, few positives in blocks of a reference',
    () => new ContrastiveLoss({ posMargin: 0.3, negMargin: 1.1, blockRows: 4 }),
    1,
    reference(130),
  ],
  [
    'ContrastiveLoss, few positives in blocks of a reference, cosine',
    () => new ContrastiveLoss({ distance: new CosineSimilarity(), posMargin: 1, negMargin: 0, blockRows: 4 }),
    1,
    reference(130),
  ],
  ['ContrastiveLoss, a reference that receives no gradient', () => new ContrastiveLoss(), 1, reference(130)],
  [
    'ContrastiveLoss, cubes of distances',
    () => new ContrastiveLoss({ distance: new EuclideanDistance({ power: 3 }), blockRows: 2 }),
    1,
  ],
  ['SigLIPLoss', () => new SigLIPLoss({ scale: 3, bias: 1 }), 1],
  ['SigLIPLoss, a reference', () => new SigLIPLoss({ scale: 3, bias: 1, blockRows: 2 }), 1, reference(67)],
  [
    'SigLIPLoss, only rows with a loss above 9.5',
    () => new SigLIPLoss({ scale: 3, bias: 1, reducer: new ThresholdReducer({ low: 9.5 }) }),
    1,
  ],
  ['SupConLoss', () => new SupConLoss({ temperature: 0.3 }), 1],
  ['SupConLoss, a distance', () => new SupConLoss({ distance: new EuclideanDistance() }), 1],
  ['SupConLoss, a reference', () => new SupConLoss({ blockRows: 2 }), 1, reference(67)],
  ['MultiSimilarityLoss', () => new MultiSimilarityLoss(), 1],
  [
    'MultiSimilarityLoss, a distance',
    () => new MultiSimilarityLoss({ distance: new EuclideanDistance(), base: 0.9 }),
    1,
  ],
  ['MultiSimilarityLoss, a reference', () => new MultiSimilarityLoss({ blockRows: 2 }), 1, reference(67)],
  ['ProxyNCALoss', () => new ProxyNCALoss({ classes: 11, dimensions: 6, seed: 1 }), 1],
  [
    'ProxyNCALoss, large exponents',
    () => new ProxyNCALoss({ classes: 11, dimensions: 6, seed: 1, softmaxScale: 300 }),
    1,
  ],
  ['SubCenterArcFaceLoss', () => new SubCenterArcFaceLoss({ classes: 11, dimensions: 6, seed: 1 }), 1],
  [
    'SubCenterArcFaceLoss, two sub-centers',
    () => new SubCenterArcFaceLoss({ classes: 6, dimensions: 6, subCenters: 2, margin: 50, scale: 8 }),
    1,
  ],
  ['SigLIPLoss, large logits', () => new SigLIPLoss({ scale: 2000, bias: 0 }), 1],
  ['ProxyAnchorLoss', () => new ProxyAnchorLoss({ classes: 3, dimensions: 6, seed: 1 }), 1],
  [
    'ProxyAnchorLoss, large exponents',
    () => new ProxyAnchorLoss({ classes: 3, dimensions: 6, seed: 1, alpha: 900 }),
    1,
  ],
])('%s: the kernels equal the composition', (_name, create, scale, call) => {
  const loss = create();
  const { wasm, host, composed } = tf.tidy(() =>
    computeAll(loss, 9, scale, typeof call === 'function' ? call() : call),
  );
  loss.dispose();
  expect(Math.abs(composed[0][0])).toBeGreaterThan(0);
  for (const [k, values] of composed.entries()) {
    const size = Math.max(...values.map(Math.abs));
    for (const [i, value] of values.entries()) {
      for (const [name, results] of Object.entries({ wasm, host })) {
        expect(Math.abs(results[k][i] - value), `${name}, output ${k}, value ${i}`).toBeLessThanOrEqual(
          1e-4 * size,
        );
      }
    }
  }
});

test('a threshold reducer refuses limits that exclude every loss', () => {
  expect(() => new ThresholdReducer({ low: 1, high: 1 })).toThrow('low must be below high');
});
