/** Kernels for TensorFlow's own library: what tf.memory() cannot see. */
import * as tf from '@tensorflow/tfjs-core';
import { everyBackend, start } from '@unitsphere/testing/backends';
import { beforeAll, describe, expect, test } from 'vitest';
import { adamWUpdate, addBias, batchNormInference, batchNormTrain, sumSquaresOfEach } from '../src/index.js';
import { tensorFlowRuntime } from '../src/tensorflow/runtime.js';

interface Binding {
  createTensor(...args: unknown[]): number;
  executeOp(...args: unknown[]): unknown[];
  deleteTensor(id: number): void;
}

/** Runs a function and returns how many handles it made and did not delete. */
function countHandles(run: () => void): number {
  const backend = tf.backend() as unknown as { binding: Binding };
  const { binding } = backend;
  let handles = 0;
  // The binding's own properties cannot be redefined.
  backend.binding = Object.create(binding, {
    createTensor: {
      value: (...args: unknown[]) => {
        handles++;
        return binding.createTensor(...args);
      },
    },
    executeOp: {
      value: (...args: unknown[]) => {
        const results = binding.executeOp(...args);
        handles += results.length;
        return results;
      },
    },
    deleteTensor: {
      value: (id: number) => {
        handles--;
        binding.deleteTensor(id);
      },
    },
  });
  try {
    run();
  } finally {
    backend.binding = binding;
  }
  return handles;
}

describe.skipIf(!everyBackend.includes('node'))('node', () => {
  beforeAll(() => start('node'));

  test('kernels delete every handle that they make', () => {
    const x = tf.randomNormal<tf.Rank.R4>([2, 4, 4, 8]);
    const [parameter, mean, square] = [1, 2, 3].map(() => tf.variable(tf.ones([8])));
    const shift = tf.ones<tf.Rank.R1>([8]);
    const normalize = (gamma: tf.Tensor) =>
      addBias(batchNormTrain(x, gamma as tf.Tensor1D, shift, { activation: 'hard_swish' }).y, shift);
    const step = () =>
      tf.tidy(() => {
        const gradient = tf.grad(normalize)(parameter, x);
        sumSquaresOfEach([gradient, x]).dataSync();
        const factors = { lr: 0.1, beta1: 0.9, beta2: 0.99, eps: 1e-8, weightDecay: 0.1, step: 1 };
        adamWUpdate(parameter, gradient, mean, square, { ...factors, gradientScale: 0.5 });
      });
    // Constants and the optimizer's variables are made once, and stay.
    step();
    expect(countHandles(step)).toBe(0);
    tf.dispose([x, parameter, mean, square, shift]);
  });

  // The features of an untrained network are this small.
  test('hard-swish of small values keeps their digits', () => {
    const of = (value: number) => tf.fill<tf.Rank.R1>([4], value);
    const x = tf.tensor4d([1e-8, -2e-8, 3e-7, 1e-12], [1, 1, 1, 4]);
    const zero = of(0);
    const y = batchNormInference(x, of(1), zero, zero, of(1), { epsilon: 0, activation: 'hard_swish' });
    // Near 0, hard-swish is x / 2.
    const ratios = tf.div(y, x).dataSync();
    for (const ratio of ratios) expect(ratio).toBeCloseTo(0.5, 6);
  });

  test('a failing operation leaves no handle', () => {
    const runtime = tensorFlowRuntime(tf.backend());
    const multiply = () => runtime.compute(() => [runtime.floats('MatMul', 1, 2)]);
    expect(countHandles(() => expect(multiply).toThrow(/ndims must be/))).toBe(0);
  });
});
