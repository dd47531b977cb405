/** Tests activations stored as bfloat16: the same forward pass, half the memory, gradients of rounded activations. */
import * as tf from '@tensorflow/tfjs-core';
import { forwardAndPullback, Parameter, runInSequence } from '@unitsphere/core';
import * as ops from '@unitsphere/ops';
import { everyBackend, start } from '@unitsphere/testing/backends';
import { fill } from '@unitsphere/testing/operation-case';
import { describe, expect, test } from 'vitest';
import { bfloat16SavedTensors } from '../src/index.js';

const WIDTH = 8;
/** Creates three blocks of a convolution and a batch norm. */
function network() {
  const parameters = Array.from({ length: 3 }, (_, i) => [
    new Parameter([3, 3, WIDTH, WIDTH], fill(9 * WIDTH * WIDTH, i + 1, -0.3, 0.3)),
    new Parameter([WIDTH], fill(WIDTH, i + 10, 0.8, 1.2)),
    new Parameter([WIDTH], fill(WIDTH, i + 20, -0.2, 0.2)),
  ]);
  const forward = (x: tf.Tensor4D) => {
    const maps = runInSequence(parameters, x, ([weight, gamma, beta], value) => {
      const maps = ops.conv2d(value, weight.variable as tf.Tensor4D, { stride: 1, padding: 1 });
      const [g, b] = [gamma, beta].map(({ variable }) => variable as tf.Tensor1D);
      return ops.batchNormTrain(maps, g, b, { activation: 'hard_swish' }).y;
    });
    return ops.globalAveragePool(maps);
  };
  return { parameters: parameters.flat(), forward };
}

describe.each(everyBackend)('bfloat16SavedTensors on %s', { timeout: 30_000 }, (backend) => {
  test('halves the saved memory, keeps the forward pass, and rounds the activations of gradients', async () => {
    await start(backend);
    const { parameters, forward } = network();
    const x = tf.tensor4d(fill(4 * 16 * 16 * WIDTH, 99, -1, 1), [4, 16, 16, WIDTH]);
    // tf.memory() counts handles on the input and the parameters as separate memory.
    const outside = parameters.reduce((sum, { variable }) => sum + variable.size, x.size);
    const run = async (savedTensorsHooks?: ReturnType<typeof bfloat16SavedTensors>) => {
      const before = tf.memory();
      const { value, pullback } = forwardAndPullback(() => forward(x), parameters, { savedTensorsHooks });
      const kept = tf.memory().numBytes - before.numBytes - 4 * (value.size + outside);
      const gradients = pullback();
      const numbers = {
        value: await value.data(),
        gradients: await Promise.all(gradients.map((gradient) => gradient!.data())),
      };
      tf.dispose([value, ...(gradients as tf.Tensor[])]);
      expect(tf.memory()).toMatchObject({ numTensors: before.numTensors, numBytes: before.numBytes });
      return { ...numbers, kept };
    };
    const [plain, packed] = [await run(), await run(bfloat16SavedTensors())];
    expect([...packed.value]).toEqual([...plain.value]);
    // The statistics of batch norm stay float32.
    expect(packed.kept / plain.kept).toBeLessThan(0.52);
    packed.gradients.forEach((gradient, i) => {
      const expected = plain.gradients[i];
      const norm = Math.hypot(...expected);
      const away = Math.hypot(...gradient.map((value, at) => value - expected[at]));
      // Each value is a sum of products; one factor has a relative error of at most 2^-9.
      expect(away / norm, `gradient ${i}`).toBeLessThan(2e-2);
      expect(away, `gradient ${i}`).toBeGreaterThan(0);
    });
    // No tensor is that large, so nothing is packed.
    const all = await run(bfloat16SavedTensors({ minimumSize: 1e6 }));
    expect(all.kept).toBe(plain.kept);
    expect([...all.gradients[0]]).toEqual([...plain.gradients[0]]);
    x.dispose();
    for (const parameter of parameters) parameter.dispose();
  });
});

test('refuses a minimumSize that is negative or NaN', () => {
  for (const minimumSize of [-1, Number.NaN]) {
    expect(() => bfloat16SavedTensors({ minimumSize })).toThrow(/minimumSize must be a non-negative number/);
  }
});
