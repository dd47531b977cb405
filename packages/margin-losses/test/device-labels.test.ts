import { MathBackendCPU } from '@tensorflow/tfjs-backend-cpu';
import * as tf from '@tensorflow/tfjs-core';
import { start } from '@unitsphere/testing/backends';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { ArcFace } from '../src/index.js';
import { evaluate } from './reference.js';

// The cpu backend under another name simulates a device that is expensive to read from.
const NAME = 'margin-losses-device';

const rows = [
  [0.5, 0.1, -0.2],
  [0.3, 0.4, 0.2],
  [-0.1, 0.2, 0.3],
  [0.1, 0.6, 0.2],
].map((row) => row.map(Math.fround));

beforeAll(async () => {
  tf.registerBackend(NAME, () => new MathBackendCPU());
  tf.copyRegisteredKernels('cpu', NAME);
  await start(NAME);
});

afterAll(() => tf.removeBackend(NAME));

test('does not download a label tensor on a device, and gives the same result as an array', () => {
  const loss = new ArcFace();
  const expected = evaluate(loss, rows, Int32Array.of(2, 0, -1, 1));
  const labels = tf.tensor1d([2, 0, -1, 1], 'int32');
  const before = tf.memory().numTensors;
  const read = vi.spyOn(labels, 'dataSync');
  expect(evaluate(loss, rows, labels)).toEqual(expected);
  expect(read).not.toHaveBeenCalled();
  expect(tf.memory().numTensors).toBe(before);
  labels.dispose();
});

test('treats a label out of range in a device tensor as -1, but refuses it in an array', () => {
  const loss = new ArcFace();
  tf.tidy(() => {
    const outside = evaluate(loss, rows, tf.tensor1d([2, 3, -7, 1], 'int32'));
    expect(outside).toEqual(evaluate(loss, rows, Int32Array.of(2, -1, -1, 1)));
  });
  expect(() => evaluate(loss, rows, Int32Array.of(2, 3, -1, 1))).toThrow(
    /row 1 is 3, but there are 3 classes/,
  );
});
