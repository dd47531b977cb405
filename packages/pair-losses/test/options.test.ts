import * as tf from '@tensorflow/tfjs-core';
import { start } from '@unitsphere/testing/backends';
import { beforeAll, expect, test } from 'vitest';
import {
  MarginLoss,
  ProxyAnchorLoss,
  ProxyNCALoss,
  RegularFaceRegularizer,
  type Regularizer,
  SoftTripleLoss,
  SparseCentersRegularizer,
  SubCenterArcFaceLoss,
  TripletMarginLoss,
} from '../src/index.js';

beforeAll(() => start('cpu'));

const wave = (length: number, f: (i: number) => number) => Float32Array.from({ length }, (_, i) => f(i));
const centers = () =>
  tf.tensor2d(
    wave(24, (i) => Math.sin(i * 1.7)),
    [6, 4],
  );
const queries = () =>
  tf.tensor2d(
    wave(8, (i) => Math.cos(i * 0.9)),
    [2, 4],
  );
const close = (actual: ArrayLike<number>, expected: readonly number[]) => {
  for (const [k, value] of expected.entries()) expect(actual[k]).toBeCloseTo(value, 4);
};

// Values of pytorch-metric-learning 2.9.
const regularizers: [string, Regularizer, number, number[]][] = [
  ['RegularFace', new RegularFaceRegularizer(), 0.8727513, [0.0900932, -0.0007955, -0.0898882, 0.0239587]],
  [
    'SparseCenters',
    new SparseCentersRegularizer({ centersPerClass: 2 }),
    0.2555706,
    [-0.0806454, 0.000712, 0.0804619, -0.0214462],
  ],
];

test.each(regularizers)('%s equals pytorch-metric-learning', (_name, regularizer, value, gradient) => {
  const before = tf.memory().numTensors;
  tf.tidy(() => {
    const x = centers();
    const { value: actual, grad } = tf.valueAndGrad((y: tf.Tensor) => regularizer.loss(y as tf.Tensor2D))(x);
    close(actual.dataSync(), [value]);
    close(grad.dataSync(), gradient);
  });
  expect(tf.memory().numTensors).toBe(before);
});

test('SparseCentersRegularizer refuses rows that are not whole classes', () => {
  const regularizer = new SparseCentersRegularizer({ centersPerClass: 4 });
  expect(() => tf.tidy(() => regularizer.loss(centers()))).toThrow('6 rows are no multiple of 4 centers');
});

// Values of pytorch-metric-learning's get_logits for the second row.
const proxyLosses = [
  ['ProxyAnchorLoss', ProxyAnchorLoss, { classes: 6 }, [-0.6261305, -0.8423566, -0.7922291, -0.5222915]],
  ['ProxyNCALoss', ProxyNCALoss, { classes: 6 }, [3.2522607, 3.6847131, 3.5844584, 3.0445831]],
  ['SoftTripleLoss', SoftTripleLoss, { classes: 3, centersPerClass: 2 }, [-0.6484431, -0.5393004, 0.2258979]],
  [
    'SubCenterArcFaceLoss',
    SubCenterArcFaceLoss,
    { classes: 3, subCenters: 2 },
    [-40.0723534, -33.4266586, 14.9487362],
  ],
] as const;

test.each(proxyLosses)('logits of %s equal get_logits', (_name, Loss, options, expected) => {
  const before = tf.memory().numTensors;
  tf.tidy(() => {
    const loss = new Loss({ ...options, dimensions: 4, proxies: centers() });
    const logits = loss.logits(queries());
    expect(logits.shape).toEqual([2, options.classes]);
    close(logits.dataSync().slice(options.classes), [...expected]);
    expect(() => loss.logits(tf.slice(centers(), [0, 0], [6, 3]))).toThrow('3 dimensions');
    loss.dispose();
  });
  expect(tf.memory().numTensors).toBe(before);
});

test.each([
  ['TripletMarginLoss', TripletMarginLoss],
  ['MarginLoss', MarginLoss],
])('%s draws triplets per anchor', (_name, Loss) => {
  const labels = Int32Array.of(0, 0, 0, 1, 1, 1);
  const values = (options: object) => {
    const loss = new Loss({ margin: 1, ...options });
    return [1, 2].map(() => tf.tidy(() => loss.loss(centers(), labels).dataSync()[0]));
  };
  const all = values({});
  const drawn = values({ tripletsPerAnchor: 1, seed: 3 });
  expect(all[0]).toBe(all[1]);
  // The draws differ from call to call, and are the same for the same seed.
  expect(drawn[0]).not.toBe(drawn[1]);
  expect(values({ tripletsPerAnchor: 1, seed: 3 })).toEqual(drawn);
  expect(values({ tripletsPerAnchor: 2000 })[0]).toBeCloseTo(all[0], 1);
  expect(() => new Loss({ tripletsPerAnchor: 0 })).toThrow(
    'tripletsPerAnchor must be an integer of at least 1',
  );
});

test('ownColumns leave out the copies of rows in ref', () => {
  const labels = Int32Array.of(0, 0, 0, 1, 1, 1);
  tf.tidy(() => {
    const loss = new TripletMarginLoss({ margin: 1 });
    const call = { ref: centers(), refLabels: labels, refGradient: false };
    const own = loss.loss(centers(), labels).dataSync()[0];
    const ownColumns = Int32Array.of(0, 1, 2, 3, 4, 5);
    expect(loss.loss(centers(), labels, { ...call, ownColumns }).dataSync()[0]).toBeCloseTo(own, 5);
    expect(loss.loss(centers(), labels, call).dataSync()[0]).not.toBeCloseTo(own, 5);
    expect(() => loss.loss(centers(), labels, { ownColumns })).toThrow('ownColumns requires ref');
    expect(() => loss.loss(centers(), labels, { ...call, ownColumns: ownColumns.map((k) => k + 1) })).toThrow(
      'from −1 to 5, for 6 rows',
    );
  });
});
