import * as tf from '@tensorflow/tfjs-core';
import { afterEach, expect, test, vi } from 'vitest';
import { start } from '../../../tools/workspace/backends.js';
import type { Values } from '../src/check.js';
import { differencesOf, tooLarge } from '../src/compare.js';
import { contractChecks } from '../src/contract.js';
import { runCheck } from '../src/run-check.js';

afterEach(() => vi.restoreAllMocks());

test('a difference is relative to the largest magnitude of its tensor, or of all where it vanishes', () => {
  const expected = { y: [10, 0.5], zero: [1e-9] };
  const actual = { y: [10, 0.6], zero: [2e-7] };
  const [y, zero] = differencesOf(actual, expected);
  expect(y.absolute).toBeCloseTo(0.1);
  expect(y.relative).toBeCloseTo(0.01);
  expect(zero.relative).toBeCloseTo(0.199);
  expect(differencesOf(actual, expected, ['zero'])[1].relative).toBeCloseTo(2e-8);
  expect(tooLarge([y], 1e-4)).toEqual([
    "y differs from cpu's by 1.00e-1, relative 1.00e-2; 0.0001 is allowed",
  ]);
});

test('what is no number, missing or not as long is infinitely far', () => {
  const wrong: Values[] = [{ y: [1, Number.NaN] }, { y: [1] }, {}, { y: [1, 2], more: [1] }];
  for (const actual of wrong) {
    const differences = differencesOf(actual, { y: [1, 2] });
    expect(tooLarge(differences, 1e-3), JSON.stringify(actual)).toHaveLength(1);
  }
});

test('a kernel that computes something else fails the contract, and so does one that leaks', async () => {
  const name = 'hardSwish up to 5';
  expect((await runCheck(name, 'wasm')).problems).toEqual([]);
  await start('wasm');
  const kernel = tf.getKernelsForBackend('wasm').find((k) => /Activation$/.test(k.kernelName))!;
  const wrong = (kernelFunc: tf.KernelFunc) => {
    tf.unregisterKernel(kernel.kernelName, 'wasm');
    tf.registerKernel({ ...kernel, kernelFunc });
  };
  try {
    wrong((args) => tf.zerosLike(args.inputs['x'] as tf.Tensor));
    expect((await runCheck(name, 'wasm')).problems.join()).toMatch(/output differs from cpu's by/);
  } finally {
    wrong(kernel.kernelFunc);
  }
  const check = contractChecks.find((c) => c.name === name)!;
  if (!('compute' in check)) throw new Error('it compares');
  const { compute } = check;
  vi.spyOn(check, 'compute').mockImplementation(async () => {
    tf.scalar(1);
    return compute();
  });
  expect((await runCheck(name, 'wasm')).problems).toEqual(['it left 1 tensors']);
});

test('a name that no check has is an error', async () => {
  await expect(runCheck('nothing', 'cpu')).rejects.toThrow('The contract has no check "nothing".');
});
