import * as tf from '@tensorflow/tfjs-core';
import { start } from '@unitsphere/testing/backends';
import { finiteDifferences } from '@unitsphere/testing/finite-differences';
import { hashFill, readGolden, relativeError } from '@unitsphere/testing/golden';
import { runInTidy } from '@unitsphere/testing/tidy';
import { beforeAll, describe, expect, test } from 'vitest';
import * as all from '../src/index.js';
import { integers, type LossCase, makeLoss, matrix } from './parse-case.js';

const labels = Int32Array.of(0, 1, 2, 0, 1, 2);
const size = { classes: 3, dimensions: 4 };

// Smooth settings, because a step of the differences must not cross a kink.
const losses: Record<string, () => all.EmbeddingLoss> = {
  ContrastiveLoss: () => new all.ContrastiveLoss({ negMargin: 3 }),
  TripletMarginLoss: () => new all.TripletMarginLoss({ smooth: true }),
  'TripletMarginLoss, swap': () => new all.TripletMarginLoss({ smooth: true, swap: true }),
  MultiSimilarityLoss: () => new all.MultiSimilarityLoss({ beta: 5 }),
  NTXentLoss: () => new all.NTXentLoss({ temperature: 0.5 }),
  SupConLoss: () => new all.SupConLoss({ temperature: 0.5 }),
  SigLIPLoss: () => new all.SigLIPLoss({ scale: 3, bias: -1 }),
  LiftedStructureLoss: () => new all.LiftedStructureLoss(),
  NPairsLoss: () => new all.NPairsLoss(),
  AngularLoss: () => new all.AngularLoss(),
  MarginLoss: () => new all.MarginLoss({ margin: 4, learnBeta: true, nu: 0.1 }),
  FastAPLoss: () => new all.FastAPLoss({ bins: 4 }),
  SmoothAPLoss: () => new all.SmoothAPLoss({ temperature: 0.5 }),
  ProxyNCALoss: () => new all.ProxyNCALoss({ ...size, softmaxScale: 2 }),
  ProxyAnchorLoss: () => new all.ProxyAnchorLoss({ ...size, alpha: 4 }),
  SoftTripleLoss: () => new all.SoftTripleLoss({ ...size, centersPerClass: 2, lambda: 3, gamma: 0.5 }),
  SubCenterArcFaceLoss: () => new all.SubCenterArcFaceLoss({ ...size, subCenters: 2, scale: 3 }),
};
const names = Object.keys(losses);

beforeAll(() => start('cpu'));

test.each(names)('%s: the gradient matches finite differences', async (name) => {
  const loss = losses[name]();
  const values = { x: hashFill(24, 1, 5) };
  const errors = await finiteDifferences(
    {
      name,
      inputs: { x: { shape: [6, 4], scale: 1 } },
      run: ({ x }) => loss.loss(x as tf.Tensor2D, labels),
    } as Parameters<typeof finiteDifferences>[0],
    values,
  );
  loss.dispose();
  expect(errors.length).toBeGreaterThan(3);
  // Central differences in float32 are precise to about 1e-3.
  for (const { place, error } of errors) expect(error, place).toBeLessThan(2e-3);
});

test('CircleLoss: the gradient matches finite differences with its weights held fixed', () => {
  const loss = new all.CircleLoss({ gamma: 2 });
  const x = hashFill(24, 1, 5);
  const cosines = (rows: Float32Array) => {
    const unit = [0, 1, 2, 3, 4, 5].map((k) => {
      const row = rows.subarray(4 * k, 4 * k + 4);
      const length = Math.hypot(...row);
      return [...row].map((value) => value / length);
    });
    return unit.map((a) => unit.map((b) => a.reduce((sum, value, k) => sum + value * b[k], 0)));
  };
  const fixed = cosines(x);
  const value = (rows: Float32Array) => {
    const s = cosines(rows);
    let total = 0;
    for (let i = 0; i < 6; i++) {
      let [pull, push] = [0, 0];
      for (let j = 0; j < 6; j++) {
        if (labels[i] !== labels[j]) push += Math.exp(2 * Math.max(0, fixed[i][j] + 0.4) * (s[i][j] - 0.4));
        else if (i !== j) pull += Math.exp(-2 * Math.max(0, 1.4 - fixed[i][j]) * (s[i][j] - 0.6));
      }
      total += Math.log(1 + pull * push);
    }
    return total / 6;
  };
  const gradient = runInTidy(() =>
    tf
      .grad((e) => loss.loss(e as tf.Tensor2D, labels))(tf.tensor2d(x, [6, 4]))
      .dataSync(),
  );
  const expected = x.map((_, place) => {
    const at = (shift: number) => value(x.map((v, k) => (k === place ? v + shift : v)));
    return (at(1e-3) - at(-1e-3)) / 2e-3;
  });
  expect(relativeError(gradient, expected)).toBeLessThan(1e-3);
});

describe.each([...names.filter((name) => name !== 'SmoothAPLoss'), 'CircleLoss'])('%s', (name) => {
  const make = losses[name] ?? (() => new all.CircleLoss());
  const isProxy = name.startsWith('Proxy') || name.startsWith('Soft') || name.startsWith('Sub');
  const evaluate = (loss: all.EmbeddingLoss, x: tf.Tensor2D, l: all.Labels, call?: all.LossCall) =>
    runInTidy(() => {
      const { value, grad } = tf.valueAndGrad((e) => loss.loss(e as tf.Tensor2D, l, call))(x);
      return { value: value.dataSync()[0], gradient: grad.dataSync() as Float32Array };
    });
  const rows = (count: number) => tf.tensor2d(hashFill(4 * count, 1, 8), [count, 4]);

  test('does not leak tensors', () => {
    const before = tf.memory().numTensors;
    const loss = make();
    const x = rows(6);
    const kept = tf.memory().numTensors;
    evaluate(loss, x, labels);
    loss.loss(x, labels).dispose();
    expect(tf.memory().numTensors).toBe(kept);
    x.dispose();
    loss.dispose();
    expect(tf.memory().numTensors).toBe(before);
  });

  test.runIf(!isProxy && name !== 'SigLIPLoss')(
    'is 0 without positive pairs or without negative pairs',
    () => {
      const loss = make();
      const x = rows(4);
      for (const l of [Int32Array.of(0, 1, 2, 3), Int32Array.of(1, 1, 1, 1)]) {
        const { value, gradient } = evaluate(loss, x, l);
        const isPartial =
          ['ContrastiveLoss', 'MultiSimilarityLoss', 'FastAPLoss', 'NPairsLoss'].includes(name) &&
          Number.isFinite(value);
        if (!isPartial) {
          expect(value).toBe(0);
          expect(Math.max(...gradient.map(Math.abs))).toBe(0);
        }
      }
      const { value, gradient } = evaluate(loss, rows(1), Int32Array.of(0));
      expect(value).toBe(0);
      expect([...gradient].every((g) => g === 0)).toBe(true);
      x.dispose();
      loss.dispose();
    },
  );

  test('is NaN for a non-finite embedding', () => {
    const loss = make();
    for (const bad of [Number.NaN, Number.POSITIVE_INFINITY]) {
      const values = hashFill(24, 1, 8);
      values[5] = bad;
      const x = tf.tensor2d(values, [6, 4]);
      expect(evaluate(loss, x, labels).value).toBeNaN();
      x.dispose();
    }
    loss.dispose();
  });

  test('refuses wrong embeddings and labels', () => {
    const loss = make();
    const x = rows(6);
    expect(() => loss.loss(x, [0, 1] as never)).toThrow(TypeError);
    expect(() => loss.loss(x, Int32Array.of(0, 1))).toThrow(/6 rows came with 2 labels/);
    expect(() => loss.loss(x, tf.tensor1d([0, 1, 2, 0, 1, 2]))).toThrow(/int32/);
    expect(() => loss.loss(tf.tensor1d([1]) as never, labels)).toThrow(TypeError);
    expect(() => loss.loss(tf.zeros([0, 4]), new Int32Array(0))).toThrow(/empty/);
    expect(() => loss.loss(tf.zeros([6, 4], 'int32'), labels)).toThrow(TypeError);
    expect(() => loss.loss(x, labels, { refLabels: labels } as all.LossCall)).toThrow();
    const tuples = { anchors: Int32Array.of(9), positives: Int32Array.of(0), negatives: Int32Array.of(1) };
    expect(() => loss.loss(x, labels, { tuples })).toThrow(/row 9/);
    expect(() => loss.loss(x, labels, { tuples: { ...tuples, anchors: [0] as never } })).toThrow(TypeError);
    x.dispose();
    loss.dispose();
  });

  test('accepts labels as a tensor', () => {
    const loss = make();
    const x = rows(6);
    const tensor = tf.tensor1d(labels, 'int32');
    expect(evaluate(loss, x, tensor).value).toBe(evaluate(loss, x, labels).value);
    tf.dispose([x, tensor]);
    loss.dispose();
  });

  test('adds the embedding regularizer and its gradient', () => {
    const x = rows(6);
    const plain = make();
    const regularizer = new all.LpRegularizer({ power: 2 });
    const Loss = plain.constructor as new (options: object) => all.EmbeddingLoss;
    const options = isProxy ? { ...size, proxies: tf.ones([name.startsWith('Soft') ? 30 : 3, 4]) } : {};
    const more = name.startsWith('Sub') ? { subCenters: 1 } : {};
    const [without, added] = [
      new Loss({ ...options, ...more }),
      new Loss({ ...options, ...more, embeddingRegularizer: { regularizer, weight: 0.5 } }),
    ];
    const [a, b] = [evaluate(without, x, labels), evaluate(added, x, labels)];
    const squares = x.dataSync() as Float32Array;
    const penalty = squares.reduce((sum, value) => sum + value * value, 0) / 6;
    expect(b.value - a.value).toBeCloseTo(0.5 * penalty, 4);
    b.gradient.forEach((g, k) => {
      expect(g - a.gradient[k]).toBeCloseTo(squares[k] / 6, 4);
    });
    for (const loss of [plain, without, added]) loss.dispose();
    x.dispose();
  });
});

test('SmoothAPLoss refuses classes of unequal sizes; FastAPLoss, SmoothAPLoss and NPairsLoss refuse ref', () => {
  const x = tf.ones([4, 2]) as tf.Tensor2D;
  const l = Int32Array.of(0, 0, 0, 1);
  expect(() => new all.SmoothAPLoss().loss(x, l)).toThrow(/3 and 1 rows/);
  for (const loss of [new all.SmoothAPLoss(), new all.FastAPLoss(), new all.NPairsLoss()]) {
    expect(() => loss.loss(x, l, { ref: x, refLabels: l })).toThrow(/ref is not supported/);
  }
  expect(() => new all.TripletMarginLoss({ swap: true }).loss(x, l, { ref: x, refLabels: l })).toThrow(
    /swap/,
  );
  x.dispose();
});

test('losses refuse options out of range', () => {
  expect(() => new all.ContrastiveLoss({ posMargin: Number.NaN })).toThrow(/posMargin/);
  expect(() => new all.NTXentLoss({ temperature: 0 })).toThrow(/temperature/);
  expect(() => new all.AngularLoss({ alpha: 90 })).toThrow(/alpha/);
  expect(() => new all.FastAPLoss({ bins: 0 })).toThrow(/bins/);
  expect(() => new all.SupConLoss({ blockRows: 1.5 })).toThrow(/blockRows/);
  expect(() => new all.LpDistance({ p: 0.5 })).toThrow(/at least 1/);
  expect(() => new all.ThresholdReducer({})).toThrow(/at least one/);
  expect(() => new all.ProxyNCALoss({ classes: 0, dimensions: 2 })).toThrow(/classes/);
  expect(() => new all.ProxyNCALoss({ ...size, proxies: tf.ones([2, 4]) })).toThrow(/\[3,4\]/);
  expect(() => new all.SoftTripleLoss({ ...size, distance: new all.LpDistance() })).toThrow(/similarity/);
  expect(() => new all.SubCenterArcFaceLoss({ ...size, margin: 180 })).toThrow(/margin/);
});

test('proxy losses refuse labels outside [0, classes) and embeddings of another width', () => {
  const loss = new all.ProxyAnchorLoss(size);
  const x = tf.ones([2, 4]) as tf.Tensor2D;
  expect(() => loss.loss(x, Int32Array.of(0, 3))).toThrow(/label of row 1 is 3, but there are 3 classes/);
  expect(() => loss.loss(tf.ones([2, 5]), Int32Array.of(0, 1))).toThrow(/5 dimensions/);
  loss.dispose();
  x.dispose();
});

test('proxies are the same with the same seed', () => {
  for (const Loss of [all.ProxyNCALoss, all.ProxyAnchorLoss, all.SoftTripleLoss, all.SubCenterArcFaceLoss]) {
    const values = [3, 3, 4].map((seed) => {
      const loss = new Loss({ ...size, seed });
      const data = [...loss.proxies.dataSync()].join();
      loss.dispose();
      return data;
    });
    expect(values[0]).toBe(values[1]);
    expect(values[0]).not.toBe(values[2]);
  }
});

test('SubCenterArcFaceLoss finds the golden outliers and dominant sub-centers, and can be pruned', async () => {
  interface Outliers {
    name: string;
    group: string;
    [key: string]: unknown;
  }
  const c = readGolden<Outliers>('pair_miners').cases.find(
    (one) => one.group === 'outliers',
  ) as never as Record<string, Parameters<typeof matrix>[0]> & { threshold: number };
  const before = tf.memory().numTensors;
  const [proxies, x] = [matrix(c['proxies']), matrix(c['embeddings'])];
  const loss = new all.SubCenterArcFaceLoss({ classes: 5, dimensions: 6, proxies });
  const { outliers, dominantCenters } = await loss.findOutliers(x, integers(c['labels']), c.threshold);
  expect([...outliers]).toEqual([...integers(c['outliers'])]);
  const chosen = tf.gather(dominantCenters, tf.tensor1d([0, 1, 2, 4], 'int32'));
  expect(relativeError(chosen.dataSync(), c['dominantCenters'])).toBe(0);
  const pruned = loss.prune(dominantCenters);
  expect(pruned.subCenters).toBe(1);
  expect([...pruned.proxies.dataSync()]).toEqual([...dominantCenters.dataSync()]);
  for (const one of [loss, pruned]) one.dispose();
  tf.dispose([proxies, x, dominantCenters, chosen]);
  // The index tensor of this test remains.
  expect(tf.memory().numTensors).toBeLessThanOrEqual(before + 1);
});

test('training moves embeddings and proxies toward each other', () => {
  const loss = new all.ProxyAnchorLoss({ ...size, seed: 1 });
  const x = tf.variable(tf.tensor2d(hashFill(24, 1, 3), [6, 4]));
  const step = () => {
    const { value, grads } = tf.variableGrads(() => loss.loss(x, labels), [x, loss.proxies]);
    for (const variable of [x, loss.proxies]) {
      variable.assign(tf.sub(variable, tf.mul(grads[variable.name], 0.01)));
    }
    return value.dataSync()[0];
  };
  const values = Array.from({ length: 20 }, () => runInTidy(step));
  expect(values.at(-1)).toBeLessThan(values[0] * 0.8);
  x.dispose();
  loss.dispose();
});

describe('elementLosses', () => {
  const golden = readGolden<LossCase>('pair_losses').cases.filter((c) => c.group === 'loss' && !c.proxies);
  const means = golden.filter((c) => c.reducer?.name === 'Mean' && c.loss !== 'MarginLoss');
  const sums = golden.filter((c) => c.reducer?.name === 'Sum');

  test.each([...means, ...sums].map((c) => [c.name, c] as const))(
    '%s: its reduction and gradient',
    (_name, c) => {
      for (const more of [{}, { blockRows: 3 }]) {
        const loss = makeLoss(c, more) as all.PairLoss;
        const { total, gradient } = runInTidy(() => {
          const x = matrix(c.embeddings);
          const values = elementsOf(loss, x, c);
          // Two kinds of elements are reduced on their own: weigh each kind by its number of elements.
          const weights = weightsOf(c, values.length);
          const { grad } = tf.valueAndGrad((e) =>
            all.elementLosses(loss, e as tf.Tensor2D, integers(c.labels)),
          )(x, tf.tensor1d(weights));
          return {
            total: values.reduce((sum, value, k) => sum + value * weights[k], 0),
            gradient: grad.dataSync() as Float32Array,
          };
        });
        expect(relativeError(total, c.value)).toBeLessThan(1e-4);
        expect(relativeError(gradient, c.dEmbeddings)).toBeLessThan(1e-4);
        loss.dispose();
      }
    },
  );

  const elementsOf = (loss: all.PairLoss, x: tf.Tensor2D, c: LossCase) =>
    all.elementLosses(loss, x, integers(c.labels)).dataSync() as Float32Array;

  const weightsOf = (c: LossCase, count: number) => {
    if (c.reducer?.name === 'Sum') return new Float32Array(count).fill(1);
    // Batch "spread": 14 positive and 76 negative pairs.
    const first = c.loss === 'ContrastiveLoss' ? 14 : count;
    return Float32Array.from({ length: count }, (_, k) => 1 / (k < first ? first : count - first));
  };

  test('is empty without pairs, and does not leak tensors', () => {
    const loss = new all.TripletMarginLoss();
    const x = tf.ones([3, 2]) as tf.Tensor2D;
    const before = tf.memory().numTensors;
    const none = all.elementLosses(loss, x, Int32Array.of(0, 1, 2));
    expect(none.shape).toEqual([0]);
    none.dispose();
    all.elementLosses(loss, x, Int32Array.of(0, 0, 2)).dispose();
    expect(tf.memory().numTensors).toBe(before);
    x.dispose();
  });
});

test('blocks of rows keep no matrix of size batch²', { timeout: 60_000 }, async () => {
  const x = tf.randomNormal([512, 8], 0, 1, 'float32', 1) as tf.Tensor2D;
  const classes = Int32Array.from({ length: 512 }, (_, k) => k >> 2);
  const peak = async (blockRows: number) => {
    const loss = new all.MultiSimilarityLoss({ blockRows });
    const { peakBytes } = await tf.profile(() => {
      loss.loss(x, classes).dispose();
    });
    return peakBytes;
  };
  expect(await peak(8)).toBeLessThan(4 * 512 * 512);
  expect(await peak(512)).toBeGreaterThan(4 * 512 * 512);
  x.dispose();
});
