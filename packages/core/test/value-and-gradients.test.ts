import * as tf from '@tensorflow/tfjs-core';
import { backends, start } from '@unitsphere/testing/backends';
import { describe, expect, test } from 'vitest';
import { Linear, Parameter, Random, valueAndGradients } from '../src/index.js';

describe.each(backends)('valueAndGradients on %s', (backend) => {
  const make = () =>
    [new Parameter([2], Float32Array.of(3, 4)), new Parameter([2], Float32Array.of(1, 1))] as const;

  test('returns the value, and the gradients in order; null for an unused parameter', async () => {
    await start(backend);
    const [used, unused] = make();
    const { value, gradients } = valueAndGradients(() => tf.sum(tf.square(used.variable)), [unused, used]);
    expect(value.dataSync()[0]).toBe(25);
    expect(gradients[0]).toBeNull();
    expect([...gradients[1]!.dataSync()]).toEqual([6, 8]);
    tf.dispose([value, gradients[1]!]);
    used.dispose();
    unused.dispose();
  });

  test('leaves no tensors but the returned ones, over many steps', async () => {
    await start(backend);
    const layer = new Linear(5, 3, { random: new Random(1) });
    const x = tf.randomNormal([4, 5]) as tf.Tensor2D;
    const step = () => {
      const { value, gradients } = valueAndGradients(
        () => tf.mean(tf.square(layer.forward(x))) as tf.Scalar,
        layer.parameters(),
      );
      tf.dispose([value, ...gradients.map((g) => g!)]);
    };
    step();
    const before = tf.memory();
    for (let i = 0; i < 50; i++) step();
    expect(tf.memory().numTensors).toBe(before.numTensors);
    expect(tf.memory().numBytes).toBe(before.numBytes);
    x.dispose();
    layer.dispose();
  });

  test.each<[string, (p: Parameter) => () => tf.Tensor, RegExp]>([
    ['uses none of the parameters', () => () => tf.scalar(1), /uses none of the parameters/],
    ['does not return a scalar', (p) => () => tf.square(p.variable), /scalar/],
  ])('refuses a function that %s, and leaves no tensors', async (_what, make, message) => {
    await start(backend);
    const parameter = new Parameter([2], Float32Array.of(3, 4));
    const before = tf.memory().numTensors;
    expect(() => valueAndGradients(make(parameter) as () => tf.Scalar, [parameter])).toThrow(message);
    expect(tf.memory().numTensors).toBe(before);
    parameter.dispose();
  });

  test('passes on an error of the function, and works at the next call', async () => {
    await start(backend);
    const parameter = new Parameter([2], Float32Array.of(3, 4));
    const square = () => tf.sum(tf.square(parameter.variable)) as tf.Scalar;
    const failing = () => {
      square();
      throw new Error('in the middle');
    };
    expect(() => valueAndGradients(failing, [parameter])).toThrow('in the middle');
    const { value, gradients } = valueAndGradients(square, [parameter]);
    expect([...gradients[0]!.dataSync()]).toEqual([6, 8]);
    tf.dispose([value, gradients[0]!]);
    parameter.dispose();
  });
});
