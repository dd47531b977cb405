import * as tf from '@tensorflow/tfjs-core';
import { start } from '@unitsphere/testing/backends';
import { beforeAll, expect, test } from 'vitest';
import { CrossBatchMemory, MultiSimilarityLoss, ProxyAnchorLoss, setMatMul } from '../src/index.js';

beforeAll(() => start('wasm'));

test('the losses use the product that was set, with the same results', () => {
  const embeddings = tf.randomNormal([8, 16], 0, 1, 'float32', 1) as tf.Tensor2D;
  const labels = Int32Array.of(0, 1, 2, 3, 0, 1, 2, 3);
  const loss = new ProxyAnchorLoss({ classes: 4, dimensions: 16, seed: 1 });
  const run = () => {
    const x = tf.variable(embeddings) as tf.Variable<tf.Rank.R2>;
    const { value, grads } = tf.variableGrads(() => loss.loss(x, labels), [x, loss.proxies]);
    return [value, grads[x.name], grads[loss.proxies.name]].flatMap((t) => [...t.dataSync()]);
  };
  const stock = run();
  let calls = 0;
  setMatMul((...operands) => {
    calls++;
    return tf.matMul(...operands) as tf.Tensor2D;
  });
  const own = run();
  setMatMul(undefined);
  // The divisors of both terms are known, so one pass is enough.
  expect(calls).toBe(3);
  for (const [k, value] of own.entries()) expect(value).toBeCloseTo(stock[k], 4);
  loss.dispose();
});

test('a full memory compares each batch with its current rows', () => {
  const create = () =>
    new CrossBatchMemory({ loss: new MultiSimilarityLoss(), dimensions: 8, memorySize: 12 });
  const labels = Int32Array.of(0, 1, 0, 1);
  const values = (memory: CrossBatchMemory) =>
    Array.from({ length: 6 }, (_, seed) => {
      const x = tf.variable(tf.randomNormal([4, 8], 0, 1, 'float32', seed + 1)) as tf.Variable<tf.Rank.R2>;
      const { value, grads } = tf.variableGrads(() => memory.loss(x, labels), [x]);
      return [...value.dataSync(), ...grads[x.name].dataSync()];
    });
  const stock = values(create());
  // This product caches nothing, so the memory is updated in place.
  setMatMul((a, b, transposeA, transposeB) =>
    tf.tidy(() => {
      const fresh = tf.add(b, 0) as tf.Tensor2D;
      return tf.matMul(a, fresh, transposeA, transposeB) as tf.Tensor2D;
    }),
  );
  const inPlace = values(create());
  setMatMul(undefined);
  for (const [step, list] of inPlace.entries()) {
    for (const [k, value] of list.entries()) expect(value).toBeCloseTo(stock[step][k], 4);
  }
});
