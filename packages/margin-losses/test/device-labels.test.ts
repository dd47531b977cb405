import { MathBackendCPU } from '@tensorflow/tfjs-backend-cpu';
import * as tf from '@tensorflow/tfjs-core';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { start } from '../../../tools/workspace/backends.js';
import { ArcFace } from '../src/index.js';
import { evaluate } from './reference.js';

// The cpu backend under another name stands for a device that is costly to read.
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

test('a tensor of labels is not read on a device, and gives what an array gives', () => {
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

test('there a label out of range counts as -1; in an array it is an error everywhere', () => {
  const loss = new ArcFace();
  tf.tidy(() => {
    const outside = evaluate(loss, rows, tf.tensor1d([2, 3, -7, 1], 'int32'));
    expect(outside).toEqual(evaluate(loss, rows, Int32Array.of(2, -1, -1, 1)));
  });
  expect(() => evaluate(loss, rows, Int32Array.of(2, 3, -1, 1))).toThrow(
    /row 1 is 3, but there are 3 classes/,
  );
});
