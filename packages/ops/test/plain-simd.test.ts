/** The kernels for engines without relaxed SIMD: every operation once more with the build that others run with fused multiply-add. */
import * as tf from '@tensorflow/tfjs-core';
import { expect, test } from 'vitest';
import { on, read } from '../../../tools/workspace/backends.js';
import * as ops from '../src/index.js';
import { contractCases, evaluate, fill, relativeError, valuesOf } from './contract.js';

// Before the first operation: afterward the build is chosen.
tf.env().registerFlag('UNITSPHERE_RELAXED_SIMD', () => false);

test.each(contractCases.map((c) => [c.name, c] as const))('%s', async (_name, c) => {
  const values = valuesOf(c);
  const expected = await on('cpu', () => evaluate(c, values));
  const actual = await on('wasm', () => evaluate(c, values));
  expect(relativeError(actual.out, expected.out)).toBeLessThan(2e-5);
  for (const name of Object.keys(c.inputs)) {
    expect(relativeError(actual.grads[name], expected.grads[name]), name).toBeLessThan(1e-4);
  }
});

test.each(['high', 'medium'] as const)('matMul at %s has the bits of cpu here too', async (precision) => {
  const run = (backend: string) =>
    on(backend, () => {
      const [a, b] = [tf.tensor2d(fill(7 * 700, 1), [7, 700]), tf.tensor2d(fill(9 * 700, 2), [9, 700])];
      return read(ops.withFloat32MatmulPrecision(precision, () => ops.matMul(a, b, false, true)));
    });
  expect(await run('wasm')).toEqual(await run('cpu'));
});
