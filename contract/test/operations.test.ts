/** Every differentiable operation: each backend against the composition on cpu, and gradients against finite differences. */
import * as tf from '@tensorflow/tfjs-core';
import { everyBackend, missingBackends, on, start } from '@unitsphere/testing/backends';
import { finiteDifferences } from '@unitsphere/testing/finite-differences';
import { drawInputs, evaluate, relativeError } from '@unitsphere/testing/operation-case';
import { describe, expect, test } from 'vitest';
import { operationCases } from '../src/operation-cases.js';

// One skipped test for each backend that is not installed.
for (const { name, why } of missingBackends) test.skip(`${name}: ${why}`, () => undefined);

describe.each(operationCases.map((c) => [c.name, c] as const))('%s', (_name, c) => {
  const values = drawInputs(c);

  test.each(everyBackend.filter((name) => name !== 'cpu'))(
    '%s agrees with the composition on cpu, forward and gradients, and leaks nothing',
    async (backend) => {
      const expected = await on('cpu', () => evaluate(c, values));
      await on(backend, () => undefined);
      const before = tf.memory().numTensors;
      const actual = await on(backend, () => evaluate(c, values));
      expect(tf.memory().numTensors).toBe(before);
      expect(relativeError(actual.out, expected.out)).toBeLessThan(2e-5);
      for (const name of Object.keys(c.inputs)) {
        expect(relativeError(actual.grads[name], expected.grads[name]), `gradient of ${name}`).toBeLessThan(
          1e-4,
        );
      }
    },
  );

  test('gradients agree with finite differences', async () => {
    await start('cpu');
    for (const { place, error } of await finiteDifferences(c, values)) {
      expect(error, place).toBeLessThan(1e-2);
    }
  });
});

// The table in the README of ops says the same.
test.each([
  ['wasm', ['GroupedConv2d', 'ScaleSamples', 'ScaleSamplesGradFactors']],
  [
    'webgpu',
    ['Gelu', 'GeluGrad', 'GroupedConv2d', 'QuickGelu', 'QuickGeluGrad', 'SelfAttention', 'SelfAttentionGrad'],
  ],
] as const)('on %s only the listed operations are compositions', (backend, compositions) => {
  const used = (tf.getKernelsForBackend(backend) as (tf.KernelConfig & { composition?: tf.KernelFunc })[])
    .filter(({ kernelFunc, composition }) => composition && composition === kernelFunc)
    .map(({ kernelName }) => kernelName.replace('Unitsphere', ''));
  expect(used.filter((name) => !(compositions as readonly string[]).includes(name))).toEqual([]);
});
