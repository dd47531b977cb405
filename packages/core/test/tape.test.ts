import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, test } from 'vitest';
import { backends, start } from '../../../tools/workspace/backends';
import { forwardAndPullback, Parameter } from '../src/index';

const parameter = (...values: number[]) => new Parameter([values.length], Float32Array.from(values));

describe.each(backends)('forwardAndPullback on %s', (backend) => {
  test('pulls any gradient of the value back, and gives what tf.grads gives', async () => {
    await start(backend);
    const [a, b, unused] = [parameter(1, -2, 3), parameter(0.5, 4, -1), parameter(1)];
    const f = () => {
      // a is used twice, once through a value that is used twice itself.
      const product = tf.mul(a.variable, b.variable);
      return tf.concat([tf.square(product), tf.add(product, a.variable), tf.exp(b.variable)]) as tf.Tensor1D;
    };
    const dy = tf.tensor1d([1, -2, 3, 0.5, 0, -1, 2, 1, 1]);
    const expected = tf.tidy(() =>
      tf
        .grads((...[x, y]: tf.Tensor[]) => {
          const product = tf.mul(x!, y!);
          return tf.concat([tf.square(product), tf.add(product, x!), tf.exp(y!)]);
        })([a.variable, b.variable], dy)
        .map((gradient) => [...gradient.dataSync()]),
    );
    const before = tf.memory();
    const { value, pullback } = forwardAndPullback(f, [a, unused, b]);
    const [da, none, db] = pullback(dy);
    expect(none).toBeNull();
    [da!, db!].forEach((gradient, i) => {
      gradient.dataSync().forEach((x, j) => {
        expect(x).toBeCloseTo(expected[i]![j]!, 4);
      });
    });
    expect(dy.isDisposed).toBe(false);
    expect(() => pullback(dy)).toThrow(/once/);
    tf.dispose([value, da!, db!]);
    expect(tf.memory()).toMatchObject({ numTensors: before.numTensors, numBytes: before.numBytes });
    dy.dispose();
    for (const p of [a, b, unused]) p.dispose();
  });

  test('what the forward pass kept is freed by dispose, and by an error on either way', async () => {
    await start(backend);
    const p = parameter(1, 2);
    const before = tf.memory().numTensors;
    const kept = forwardAndPullback(() => tf.square(tf.exp(p.variable)), [p]);
    expect(tf.memory().numTensors).toBeGreaterThan(before + 1);
    kept.dispose();
    kept.value.dispose();
    expect(tf.memory().numTensors).toBe(before);

    expect(() =>
      forwardAndPullback(() => {
        tf.square(tf.exp(p.variable));
        throw new Error('in the middle');
      }, [p]),
    ).toThrow('in the middle');
    expect(tf.memory().numTensors).toBe(before);

    const failing = tf.customGrad(((x: tf.Tensor, save: tf.GradSaveFunc) => {
      save([x]);
      return {
        value: tf.exp(x),
        gradFunc: () => {
          throw new Error('on the way back');
        },
      };
    }) as Parameters<typeof tf.customGrad>[0]);
    const broken = forwardAndPullback(() => tf.square(failing(tf.exp(p.variable))), [p]);
    expect(() => broken.pullback()).toThrow('on the way back');
    broken.value.dispose();
    expect(tf.memory().numTensors).toBe(before);
    p.dispose();
  });

  test('a dy of another shape, an operation without a gradient and a call inside tf.grad are errors', async () => {
    await start(backend);
    const p = parameter(1, 2);
    const { value, pullback, dispose } = forwardAndPullback(() => tf.exp(p.variable), [p]);
    expect(() => pullback(tf.zeros([3]))).toThrow(/\[2\].*\[3\]/);
    dispose();
    value.dispose();
    expect(() => tf.grad(() => forwardAndPullback(() => tf.exp(p.variable), [p]).value)(p.variable)).toThrow(
      /inside another gradient/,
    );
    const rounded = forwardAndPullback(() => tf.topk(p.variable, 1).values, [p]);
    expect(() => rounded.pullback()).toThrow(/TopK has no gradient/);
    rounded.value.dispose();
    p.dispose();
  });

  test('a gradient that an operation passes through, or gives twice, is a tensor of its own', async () => {
    await start(backend);
    const p = parameter(1, 2);
    const both = tf.customGrad(((x: tf.Tensor, y: tf.Tensor) => ({
      value: tf.add(x, y),
      gradFunc: (dy: tf.Tensor) => [dy, dy],
    })) as unknown as Parameters<typeof tf.customGrad>[0]);
    const before = tf.memory().numTensors;
    const { value, pullback } = forwardAndPullback(() => both(p.variable, p.variable), [p]);
    const [gradient] = pullback(tf.tidy(() => tf.keep(tf.tensor1d([1, 10]))));
    expect([...gradient!.dataSync()]).toEqual([2, 20]);
    tf.dispose([value, gradient!]);
    expect(tf.memory().numTensors).toBe(before + 1);
    p.dispose();
  });
});
