import * as tf from '@tensorflow/tfjs-core';
import { start } from '@unitsphere/testing/backends';
import { beforeAll, expect, test } from 'vitest';
import { exp } from '../src/host/exp.js';
import { hostKernels } from '../src/host/heap.js';
import {
  AngularLoss,
  ClassWeightedReducer,
  ContrastiveLoss,
  type EmbeddingLoss,
  type LossCall,
  ProxyAnchorLoss,
  SigLIPLoss,
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

/** Computes a loss and its gradients by kernels on the host and by stock operations. */
function computeBoth(loss: EmbeddingLoss, rows: number, scale: number, call?: LossCall) {
  const labels = Int32Array.from({ length: rows }, (_, row) => row % 3);
  const run = () =>
    tf.tidy(() => {
      const x = tf.variable(tf.randomNormal([rows, 6], 0, scale, 'float32', 5)) as tf.Variable<tf.Rank.R2>;
      const all = [x, ...loss.parameters];
      const { value, grads } = tf.variableGrads(() => loss.loss(x, labels, call), all);
      return [value, ...all.map(({ name }) => grads[name])].map((t) => [...t.dataSync()]);
    });
  const onHost = run();
  hostKernels.areOn = false;
  try {
    return { onHost, composed: run() };
  } finally {
    hostKernels.areOn = true;
  }
}

// A miner may choose a pair twice, only one of its directions, and a row of another class.
const tuples = {
  anchors: Int32Array.of(0, 0, 3, 4, 2),
  positives: Int32Array.of(3, 3, 0, 1, 0),
  negativeAnchors: Int32Array.of(0, 1, 1),
  negatives: Int32Array.of(1, 2, 2),
};

test.each<[string, () => EmbeddingLoss, number, LossCall?]>([
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
  ['SigLIPLoss, large logits', () => new SigLIPLoss({ scale: 2000, bias: 0 }), 1],
  ['ProxyAnchorLoss', () => new ProxyAnchorLoss({ classes: 3, dimensions: 6, seed: 1 }), 1],
  [
    'ProxyAnchorLoss, large exponents',
    () => new ProxyAnchorLoss({ classes: 3, dimensions: 6, seed: 1, alpha: 900 }),
    1,
  ],
])('%s: the kernel on the host equals the composition', (_name, create, scale, call) => {
  const loss = create();
  const { onHost, composed } = computeBoth(loss, 9, scale, call);
  loss.dispose();
  expect(Math.abs(composed[0][0])).toBeGreaterThan(0);
  for (const [k, values] of composed.entries()) {
    const size = Math.max(...values.map(Math.abs));
    for (const [i, value] of values.entries()) {
      expect(Math.abs(onHost[k][i] - value), `output ${k}, value ${i}`).toBeLessThanOrEqual(1e-4 * size);
    }
  }
});

test('a threshold reducer refuses limits that exclude every loss', () => {
  expect(() => new ThresholdReducer({ low: 1, high: 1 })).toThrow('low must be below high');
});
