import * as tf from '@tensorflow/tfjs-core';
import { start } from '@unitsphere/testing/backends';
import { afterEach, expect, test, vi } from 'vitest';
import type { Values } from '../src/check.js';
import { compareValues, describeLarge } from '../src/compare.js';
import { contractChecks } from '../src/contract.js';
import { runCheck } from '../src/run-check.js';

afterEach(() => vi.restoreAllMocks());

test('differences are relative to the largest magnitude of their tensor, or of all tensors if they vanish', () => {
  const expected = { y: [10, 0.5], zero: [1e-9] };
  const actual = { y: [10, 0.6], zero: [2e-7] };
  const [y, zero] = compareValues(actual, expected);
  expect(y.absolute).toBeCloseTo(0.1);
  expect(y.relative).toBeCloseTo(0.01);
  expect(zero.relative).toBeCloseTo(0.199);
  expect(compareValues(actual, expected, ['zero'])[1].relative).toBeCloseTo(2e-8);
  expect(describeLarge([y], 1e-4)).toEqual([
    "y differs from cpu's by 1.00e-1, relative 1.00e-2; 0.0001 is allowed",
  ]);
});

test('NaN, a missing value and another length give an infinite difference', () => {
  const mismatches: Values[] = [{ y: [1, Number.NaN] }, { y: [1] }, {}, { y: [1, 2], more: [1] }];
  for (const actual of mismatches) {
    const differences = compareValues(actual, { y: [1, 2] });
    expect(describeLarge(differences, 1e-3), JSON.stringify(actual)).toHaveLength(1);
  }
});

test('reports a kernel that computes wrong values, or leaks', async () => {
  const name = 'hardSwish up to 5';
  expect((await runCheck(name, 'wasm')).problems).toEqual([]);
  await start('wasm');
  const kernel = tf.getKernel('UnitsphereActivation', 'wasm');
  const replaceKernel = (kernelFunc: tf.KernelFunc) => {
    tf.unregisterKernel(kernel.kernelName, 'wasm');
    tf.registerKernel({ ...kernel, kernelFunc });
  };
  try {
    replaceKernel((args) => tf.zerosLike(args.inputs['x'] as tf.Tensor));
    expect((await runCheck(name, 'wasm')).problems.join()).toMatch(/output differs from cpu's by/);
  } finally {
    replaceKernel(kernel.kernelFunc);
  }
  const check = contractChecks.find((c) => c.name === name);
  if (!check || !('compute' in check)) throw new Error('not an AgreementCheck');
  const { compute } = check;
  vi.spyOn(check, 'compute').mockImplementation(async () => {
    tf.scalar(1);
    return compute();
  });
  expect((await runCheck(name, 'wasm')).problems).toEqual(['it left 1 tensors']);
});

test('refuses an unknown name', async () => {
  await expect(runCheck('nothing', 'cpu')).rejects.toThrow('The contract has no check "nothing".');
});
