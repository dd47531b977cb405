/** The switch that runs compositions. It must be set before the first operation, so this file tests nothing else. */
import * as tf from '@tensorflow/tfjs-core';
import { on, read } from '@unitsphere/testing/backends';
import { expect, test } from 'vitest';
import { relu } from '../src/index.js';

test('UNITSPHERE_OPS_COMPOSITION=1 runs compositions instead of kernels', async () => {
  process.env['UNITSPHERE_OPS_COMPOSITION'] = '1';
  try {
    const values = await on('wasm', () => read(relu(tf.tensor1d([-1, 2]))));
    expect([...values]).toEqual([0, 2]);
  } finally {
    delete process.env['UNITSPHERE_OPS_COMPOSITION'];
  }
  const kernel = tf.getKernel('UnitsphereActivation', 'wasm') as tf.KernelConfig & { composition?: unknown };
  expect(kernel.kernelFunc).toBe(kernel.composition);
});
