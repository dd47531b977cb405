import * as tf from '@tensorflow/tfjs-core';
import { hardSwish, prelu } from '@unitsphere/ops';
import { backends, on, start } from '@unitsphere/testing/backends';
import { describe, expect, test } from 'vitest';
import {
  BatchNorm1d,
  BatchNorm2d,
  BatchNormLayerNorm,
  createNorm,
  LayerNorm,
  LayerNormBatchNorm,
  listNorms,
  type NormName,
} from '../src/index.js';

describe.each(backends)('%s', (backend) => {
  test("state dicts have PyTorch's keys; no parameter has weight decay", async () => {
    await start(backend);
    const batchNorm = ['weight', 'bias', 'running_mean', 'running_var', 'num_batches_tracked'];
    const keys = {
      bn1: [new BatchNorm1d(3), batchNorm],
      bn2: [new BatchNorm2d(3), batchNorm],
      ln: [new LayerNorm(3), ['weight', 'bias']],
      both: [new LayerNormBatchNorm(3), ['ln.weight', 'ln.bias', ...batchNorm.map((key) => `bn.${key}`)]],
      other: [new BatchNormLayerNorm(3), [...batchNorm.map((key) => `bn.${key}`), 'ln.weight', 'ln.bias']],
    } as const;
    for (const [norm, expected] of Object.values(keys)) {
      expect([...(await norm.stateDict()).keys()]).toEqual(expected);
      expect(norm.parameters().every(({ weightDecay }) => !weightDecay)).toBe(true);
      norm.dispose();
    }
  });

  test('a combined norm equals its two norms in the order of its name', async () => {
    await on(backend, () => {
      const x = tf.randomNormal<tf.Rank.R2>([5, 6], 1, 3, 'float32', 1);
      const [bn, ln] = [new BatchNorm1d(6), new LayerNorm(6)];
      for (const [both, expected] of [
        [new LayerNormBatchNorm(6), bn.forward(ln.forward(x) as tf.Tensor2D)],
        [new BatchNormLayerNorm(6), ln.forward(bn.forward(x))],
      ] as const) {
        const difference = tf.max(tf.abs(tf.sub(both.forward(x), expected)));
        expect(difference.dataSync()[0]).toBeLessThan(1e-6);
        both.dispose();
      }
      bn.dispose();
      ln.dispose();
    });
  });

  test('a batch norm with a fused PReLU slope equals the norm followed by the PReLU, in both modes', async () => {
    await start(backend);
    const before = tf.memory().numTensors;
    for (const activation of ['none', 'relu'] as const) {
      for (const slopes of [[0.25, -0.5], [0.1]]) {
        const [fused, apart] = [new BatchNorm2d(2, { activation }), new BatchNorm2d(2, { activation })];
        tf.tidy(() => {
          const x = tf.tensor4d([1, -2, 3, 5, -1, 7, 2, 0], [2, 2, 1, 2]);
          const slope = tf.tensor1d(slopes);
          for (const mode of [true, false]) {
            const actual = fused.train(mode).forward(x, slope).dataSync();
            const expected = prelu(apart.train(mode).forward(x), slope).dataSync();
            expect(Math.max(...expected.map((value, i) => Math.abs(value - actual[i])))).toBeLessThan(1e-5);
            for (const name of ['runningMean', 'runningVar'] as const)
              expect([...fused[name].variable.dataSync()]).toEqual([...apart[name].variable.dataSync()]);
          }
          expect(fused.batchesTracked.value).toBe(1);
        });
        fused.dispose();
        apart.dispose();
      }
    }
    expect(tf.memory().numTensors).toBe(before);
  });

  test('training updates the running averages by the momentum; evaluation does not', async () => {
    await on(backend, () => {
      const norm = new BatchNorm1d(2, { momentum: 0.25 });
      // Means 2 and 20, unbiased variances 4 and 100.
      norm.forward(tf.tensor2d([0, 10, 2, 20, 4, 30], [3, 2]));
      expect([...norm.runningMean.variable.dataSync()]).toEqual([0.5, 5]);
      expect([...norm.runningVar.variable.dataSync()]).toEqual([1.75, 25.75]);
      expect(norm.batchesTracked.value).toBe(1);
      norm.eval();
      const y = norm.forward(tf.tensor2d([0.5, 5], [1, 2]));
      expect(Math.max(...y.dataSync().map(Math.abs))).toBeLessThan(1e-6);
      expect([...norm.runningMean.variable.dataSync()]).toEqual([0.5, 5]);
      expect(norm.batchesTracked.value).toBe(1);
      norm.dispose();
    });
  });

  test('refuses a batch of one in training mode and changes nothing', async () => {
    await on(backend, () => {
      const norm = new LayerNormBatchNorm(3);
      const one = tf.ones<tf.Rank.R2>([1, 3]);
      expect(() => norm.forward(one)).toThrow(/training statistics require at least 2\. Use a larger batch/);
      expect(norm.namedBuffers().map(([, buffer]) => [...buffer.variable.dataSync()])).toEqual([
        [0, 0, 0],
        [1, 1, 1],
      ]);
      expect(norm.eval().forward(one).shape).toEqual([1, 3]);
      norm.dispose();
    });
  });

  test('a fused activation equals the norm followed by the activation', async () => {
    await on(backend, () => {
      const x = tf.randomNormal<tf.Rank.R4>([2, 3, 4, 5], 1, 3, 'float32', 1);
      for (const training of [true, false]) {
        const plain = new BatchNorm2d(5).train(training);
        const fused = new BatchNorm2d(5, { activation: 'hard_swish' }).train(training);
        const difference = tf.max(tf.abs(tf.sub(hardSwish(plain.forward(x)), fused.forward(x))));
        expect(difference.dataSync()[0]).toBeLessThan(1e-5);
        plain.dispose();
        fused.dispose();
      }
    });
  });

  test('leaks no tensor', async () => {
    await start(backend);
    const before = tf.memory().numTensors;
    const norm = new LayerNormBatchNorm(4);
    const x = tf.ones<tf.Rank.R2>([3, 4]);
    const made = tf.memory().numTensors;
    for (let i = 0; i < 3; i++) tf.tidy(() => void norm.forward(x));
    expect(tf.memory().numTensors).toBe(made);
    x.dispose();
    norm.dispose();
    expect(tf.memory().numTensors).toBe(before);
  });

  test('creates every norm by its name', async () => {
    await on(backend, () => {
      const classes = [LayerNorm, BatchNorm1d, LayerNormBatchNorm, BatchNormLayerNorm];
      expect(listNorms()).toEqual(['layernorm', 'batchnorm', 'layernorm-batchnorm', 'batchnorm-layernorm']);
      for (const [i, name] of listNorms().entries()) {
        const norm = createNorm(name, 3);
        expect(norm).toBeInstanceOf(classes[i]);
        expect(norm.forward(tf.ones([2, 3])).shape).toEqual([2, 3]);
        norm.dispose();
      }
    });
  });
});

test('refuses an unknown name and lists the known ones', () => {
  expect(() => createNorm('toString' as NormName, 3)).toThrow(
    'createNorm: there is no norm "toString". Known: layernorm, batchnorm, layernorm-batchnorm, batchnorm-layernorm.',
  );
});
