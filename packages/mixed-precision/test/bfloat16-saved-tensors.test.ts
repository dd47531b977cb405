/** Activations kept in bfloat16: the same forward pass, half the memory, gradients as of rounded activations. */
import * as tf from '@tensorflow/tfjs-core';
import { forwardAndPullback, inTurn, Parameter } from '@unitsphere/core';
import * as ops from '@unitsphere/ops';
import { describe, expect, test } from 'vitest';
import { everyBackend, start } from '../../../tools/workspace/backends.js';
import { fill } from '../../ops/test/contract-cases.js';
import { bfloat16SavedTensors } from '../src/index.js';

const WIDTH = 8;
/** Three blocks of a convolution and a batch norm, as networks of images are made. */
function network() {
  const parameters = Array.from({ length: 3 }, (_, i) => [
    new Parameter([3, 3, WIDTH, WIDTH], fill(9 * WIDTH * WIDTH, i + 1, -0.3, 0.3)),
    new Parameter([WIDTH], fill(WIDTH, i + 10, 0.8, 1.2)),
    new Parameter([WIDTH], fill(WIDTH, i + 20, -0.2, 0.2)),
  ]);
  const forward = (x: tf.Tensor4D) => {
    const maps = inTurn(parameters, x, ([weight, gamma, beta], value) => {
      const maps = ops.conv2d(value, weight.variable as tf.Tensor4D, { stride: 1, padding: 1 });
      const [g, b] = [gamma, beta].map(({ variable }) => variable as tf.Tensor1D);
      return ops.batchNormTrain(maps, g, b, { activation: 'hard_swish' }).y;
    });
    return ops.globalAveragePool(maps);
  };
  return { parameters: parameters.flat(), forward };
}

describe.each(everyBackend)('bfloat16SavedTensors on %s', (backend) => {
  test('halves what is kept, changes no value, and rounds what gradients are computed from', async () => {
    await start(backend);
    const { parameters, forward } = network();
    const x = tf.tensor4d(fill(4 * 16 * 16 * WIDTH, 99, -1, 1), [4, 16, 16, WIDTH]);
    // Handles on the input and the parameters count as if they had values of their own.
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
    // Batch norm's statistics stay as they are.
    expect(packed.kept / plain.kept).toBeLessThan(0.52);
    packed.gradients.forEach((gradient, i) => {
      const expected = plain.gradients[i];
      const norm = Math.hypot(...expected);
      const away = Math.hypot(...gradient.map((value, at) => value - expected[at]));
      // Each is a sum of products, of which one side has a relative error of 2^-9 at most.
      expect(away / norm, `gradient ${i}`).toBeLessThan(2e-2);
      expect(away, `gradient ${i}`).toBeGreaterThan(0);
    });
    // Nothing here is as large as that.
    const all = await run(bfloat16SavedTensors({ minimumSize: 1e6 }));
    expect(all.kept).toBe(plain.kept);
    expect([...all.gradients[0]]).toEqual([...plain.gradients[0]]);
    x.dispose();
    for (const parameter of parameters) parameter.dispose();
  });
});

test('minimumSize is a number from 0 on', () => {
  for (const minimumSize of [-1, Number.NaN]) {
    expect(() => bfloat16SavedTensors({ minimumSize })).toThrow(/minimumSize must be a number from 0 on/);
  }
});
