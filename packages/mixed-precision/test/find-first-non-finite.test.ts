import '@unitsphere/core/gradients';
import * as tf from '@tensorflow/tfjs-core';
import * as ops from '@unitsphere/ops';
import { everyBackend, start } from '@unitsphere/testing/backends';
import { describe, expect, test } from 'vitest';
import { describeNonFinite, findFirstNonFinite } from '../src/index.js';

describe.each(everyBackend)('%s', (backend) => {
  /** Runs a layer and its gradient; the size of the arguments decides where it overflows. */
  const pass = (forward: number, upstream: number) => () =>
    tf.tidy(() => {
      const x = tf.fill([2, 3, 3, 4], 1e10) as tf.Tensor4D;
      const filter = tf.fill([1, 1, 4, 5], forward) as tf.Tensor4D;
      const run = (x: tf.Tensor, filter: tf.Tensor) =>
        ops.relu(ops.conv2d(x as tf.Tensor4D, filter as tf.Tensor4D, { stride: 1, padding: 0 }));
      return tf.grads(run)([x, filter], tf.fill([2, 3, 3, 5], upstream));
    });

  test('names the operation, in the forward pass or in a gradient', async () => {
    await start(backend);
    const before = tf.memory().numTensors;
    expect(await findFirstNonFinite(pass(1, 1))).toBeUndefined();
    const inForward = await findFirstNonFinite(pass(1e30, 1));
    expect(inForward).toMatchObject({
      operation: expect.stringMatching(/Conv2[dD]/),
      inputShapes: [
        [2, 3, 3, 4],
        [1, 1, 4, 5],
      ],
      outputShape: [2, 3, 3, 5],
      nonFinite: 90,
    });
    // Sums over 18 pixels of 1e10 each.
    const inGradient = await findFirstNonFinite(pass(1, 1e29));
    expect(inGradient?.operation).toMatch(/Conv2[dD]BackpropFilter/);
    expect(inGradient).toMatchObject({ outputShape: [1, 1, 4, 5], nonFinite: 20 });
    expect(inGradient!.place).toBeGreaterThan(inForward!.place);
    expect(tf.memory().numTensors).toBe(before);
  });

  test('names the failing part of a composite operation', async () => {
    await start(backend);
    const found = await findFirstNonFinite(() =>
      tf.tidy(() =>
        ops.groupedConv2d(tf.fill([2, 3, 3, 4], 1e30), tf.fill([1, 1, 2, 4], 1e30), {
          stride: 1,
          padding: 0,
        }),
      ),
    );
    expect(found!.within).toContain('UnitsphereGroupedConv2d');
    expect(describeNonFinite(found!)).toMatch(
      /^\w+ in .*UnitsphereGroupedConv2d.* \(operation \d+ of \d+\) of \[2,3,3,4\] and .*: 72 of 72 values are infinite or NaN$/,
    );
  });

  test('restores the engine, also after an error', async () => {
    await start(backend);
    const engine = tf.engine() as unknown as { runKernelFunc: unknown };
    const original = engine.runKernelFunc;
    const before = tf.memory().numTensors;
    await expect(
      findFirstNonFinite(() =>
        tf.tidy(() => {
          tf.square(tf.scalar(2));
          throw new Error('in the step');
        }),
      ),
    ).rejects.toThrow('in the step');
    await expect(findFirstNonFinite(async () => 0)).rejects.toThrow(/fn is async/);
    expect(engine.runKernelFunc).toBe(original);
    expect(tf.memory().numTensors).toBe(before);
  });
});
