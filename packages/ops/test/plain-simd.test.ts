/** The kernels for engines without relaxed SIMD: every operation once more with the build that others run with fused multiply-add. */
import * as tf from '@tensorflow/tfjs-core';
import { expect, test } from 'vitest';
import { on } from '../../../tools/workspace/backends';
import { contractCases, evaluate, relativeError, valuesOf } from './contract';

// Before the first operation: afterwards the build is chosen.
tf.env().registerFlag('UNITSPHERE_RELAXED_SIMD', () => false);

test.each(contractCases.map((c) => [c.name, c] as const))('%s', async (_name, c) => {
  const values = valuesOf(c);
  const expected = await on('cpu', () => evaluate(c, values));
  const actual = await on('wasm', () => evaluate(c, values));
  expect(relativeError(actual.out, expected.out)).toBeLessThan(2e-5);
  for (const name of Object.keys(c.inputs)) {
    expect(relativeError(actual.grads[name]!, expected.grads[name]!), name).toBeLessThan(1e-4);
  }
});
