/** The WebAssembly build for engines without relaxed SIMD: every operation, as with the build that has fused multiply-add. */
import * as tf from '@tensorflow/tfjs-core';
import { matMul, withFloat32MatmulPrecision } from '@unitsphere/ops';
import { on, read } from '@unitsphere/testing/backends';
import { drawInputs, evaluate, fill, relativeError } from '@unitsphere/testing/operation-case';
import { expect, test } from 'vitest';
import { operationCases } from '../src/operation-cases.js';

// Must be set before the first operation, which chooses the build.
tf.env().registerFlag('UNITSPHERE_RELAXED_SIMD', () => false);

test.each(operationCases.map((c) => [c.name, c] as const))('%s', async (_name, c) => {
  const values = drawInputs(c);
  const expected = await on('cpu', () => evaluate(c, values));
  const actual = await on('wasm', () => evaluate(c, values));
  expect(relativeError(actual.out, expected.out)).toBeLessThan(2e-5);
  for (const name of Object.keys(c.inputs)) {
    expect(relativeError(actual.grads[name], expected.grads[name]), name).toBeLessThan(1e-4);
  }
});

test.each(['high', 'medium'] as const)('matMul at %s is bit-identical to cpu', async (precision) => {
  const run = (backend: string) =>
    on(backend, () => {
      const [a, b] = [tf.tensor2d(fill(7 * 700, 1), [7, 700]), tf.tensor2d(fill(9 * 700, 2), [9, 700])];
      return read(withFloat32MatmulPrecision(precision, () => matMul(a, b, false, true)));
    });
  expect(await run('wasm')).toEqual(await run('cpu'));
});
