/** Tests the WebGPU kernels in the form for another kind of device than this machine's. */
import * as tf from '@tensorflow/tfjs-core';
import { everyBackend, on, start } from '@unitsphere/testing/backends';
import { drawInputs, evaluate, type OperationCase, relativeError } from '@unitsphere/testing/operation-case';
import { describe, expect, test } from 'vitest';
import { operationCases } from '../src/operation-cases.js';

/**
 * Defines tests of one case per operation, and of the largest matrix products, with a tuning.
 * @param tuning Fields of `Tuning` in packages/ops/src/webgpu/tuning.ts.
 */
export function testWithTuning(name: string, tuning: object): void {
  // Must be set before the first operation on WebGPU.
  tf.env().registerFlag('UNITSPHERE_WEBGPU_TUNING', () => JSON.stringify(tuning));
  const onePerOperation = new Map(operationCases.map((c) => [c.name.split(/[ ,]/)[0], c]));
  const large = operationCases.filter((c) => c.name.startsWith('matMul 70x13x8'));
  const cases = [...onePerOperation.values(), ...large];

  describe.skipIf(!everyBackend.includes('webgpu'))('webgpu', { timeout: 120_000 }, () => {
    describe(`the kernels for ${name}`, () => {
      test.each(cases.map((c) => [c.name, c] as const))('%s', async (_name, c) => {
        await expectAgreement(c);
      });
    });
  });
}

async function expectAgreement(c: OperationCase): Promise<void> {
  const values = drawInputs(c);
  const expected = await on('cpu', () => evaluate(c, values));
  await start('webgpu');
  const dataCount = () => (tf.backend() as unknown as { numDataIds(): number }).numDataIds();
  const before = dataCount();
  const actual = await on('webgpu', () => evaluate(c, values));
  expect(dataCount(), "kernels' temporary buffers").toBe(before);
  expect(relativeError(actual.out, expected.out)).toBeLessThan(2e-5);
  for (const name of Object.keys(c.inputs)) {
    expect(relativeError(actual.grads[name], expected.grads[name]), name).toBeLessThan(1e-4);
  }
}
