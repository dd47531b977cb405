/** Kernels for TensorFlow's own library: what tf.memory() cannot see. */
import * as tf from '@tensorflow/tfjs-core';
import { everyBackend, on, start } from '@unitsphere/testing/backends';
import { fill, relativeError } from '@unitsphere/testing/operation-case';
import { beforeAll, describe, expect, test, vi } from 'vitest';
import * as ops from '../src/index.js';
import { adamWUpdate, addBias, batchNormInference, batchNormTrain, sumSquaresOfEach } from '../src/index.js';
import { tensorFlowRuntime } from '../src/tensorflow/runtime.js';

interface Binding {
  createTensor(...args: unknown[]): number;
  executeOp(...args: unknown[]): unknown[];
  enqueueOp(...args: unknown[]): unknown[];
  prepareOp(...args: unknown[]): number;
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
    ...Object.fromEntries(
      (['executeOp', 'enqueueOp'] as const).map((name) => [
        name,
        {
          value: (...args: unknown[]) => {
            const results = binding[name](...args);
            handles += results.length;
            return results;
          },
        },
      ]),
    ),
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

  test('an error of an enqueued operation is thrown where its result is read, and later operations run', () => {
    const runtime = tensorFlowRuntime(tf.backend());
    const multiply = (...sizes: number[]) =>
      tf.tidy(() => {
        const [a, b] = sizes.map((size) => runtime.of(tf.ones([1, size])));
        const [product] = runtime.compute(() => [runtime.matMul(a, b, { transposeB: true })]);
        // What is computed from a failed result fails, too.
        return ops.relu(product).dataSync()[0];
      });
    expect(multiply(3, 3)).toBe(3);
    expect(countHandles(() => expect(() => multiply(3, 4)).toThrow(/Matrix size-incompatible/))).toBe(0);
    expect(multiply(4, 4)).toBe(4);
  });

  test('operations are prepared once', () => {
    const { binding } = tf.backend() as unknown as { binding: Binding };
    const tensors = [1, 2, 3].map((value) => tf.fill([4], value));
    const prepared = () => binding.prepareOp('Identity', []);
    sumSquaresOfEach(tensors).dispose();
    const before = prepared();
    for (let i = 0; i < 3; i++) sumSquaresOfEach(tensors).dispose();
    expect(prepared()).toBe(before + 1);
    tf.dispose(tensors);
  });

  test('UNITSPHERE_TENSORFLOW_QUEUE=0 waits for each operation', () => {
    const enqueued = (flag: string) => {
      tf.env().set('UNITSPHERE_TENSORFLOW_QUEUE', flag);
      const backend = tf.backend() as unknown as { binding: Binding };
      const enqueueOp = vi.fn(backend.binding.enqueueOp);
      const binding = Object.create(backend.binding, { enqueueOp: { value: enqueueOp } });
      // A runtime decides once.
      const runtime = tensorFlowRuntime(Object.create(backend, { binding: { value: binding } }));
      const [sum] = runtime.compute(() => [runtime.floats('AddV2', 1, 2)]);
      expect(sum.dataSync()[0]).toBe(3);
      sum.dispose();
      return enqueueOp.mock.calls.length;
    };
    expect(enqueued('0')).toBe(0);
    expect(enqueued('')).toBe(1);
  });

  // XLA compiles tensors from 65,536 values.
  const image = [8, 16, 16, 32];
  const draw = (shape: number[], seed: number) =>
    tf.tensor(
      fill(
        shape.reduce((a, b) => a * b, 1),
        seed,
      ),
      shape,
    );

  const normalizeImages = () => {
    const [x, dy] = [1, 2].map((seed) => draw(image, seed) as tf.Tensor4D);
    const [gamma, beta] = [3, 4].map((seed) => draw([32], seed) as tf.Tensor1D);
    const running = {
      mean: tf.variable(draw([32], 5)),
      variance: tf.variable(tf.abs(draw([32], 6))),
      momentum: 0.1,
    };
    const run = (a: tf.Tensor, g: tf.Tensor, b: tf.Tensor) =>
      batchNormTrain(a, g as tf.Tensor1D, b as tf.Tensor1D, { activation: 'hard_swish', running }).y;
    const gradients = tf.grads(run)([x, gamma, beta], dy);
    const results = [run(x, gamma, beta), ...gradients, tf.clone(running.mean), tf.clone(running.variance)];
    tf.dispose([running.mean, running.variance]);
    return results;
  };
  const factors = { lr: 0.1, beta1: 0.9, beta2: 0.99, eps: 1e-3, weightDecay: 0.1, gradientScale: 0.5 };
  const stepEach = () => {
    const parameters = [[256, 256], [7], []].map((shape, i) => ({
      parameter: tf.variable(draw(shape, i)),
      gradient: draw(shape, i + 3),
      expAvg: tf.variable(draw(shape, i + 6)),
      expAvgSq: tf.variable(tf.abs(draw(shape, i + 9))),
      step: { ...factors, step: i + 1 },
    }));
    ops.adamWUpdateEach(parameters);
    const variables = parameters.flatMap(({ parameter, expAvg, expAvgSq }) => [parameter, expAvg, expAvgSq]);
    const results = variables.map((variable) => tf.clone(variable));
    tf.dispose(variables);
    return results;
  };
  const stepRows = (ids: number[]) => () => {
    const tables = [1, 2, 3].map((seed) => tf.variable(tf.abs(draw([520, 128], seed))));
    const gradient = draw([ids.length, 128], 4) as tf.Tensor2D;
    const steps = Int32Array.from(ids, (id) => 1 + (id % 3));
    const [parameter, mean, square] = tables;
    ops.adamWUpdateRows(parameter, mean, square, tf.tensor1d(ids, 'int32'), gradient, { ...factors, steps });
    const results = tables.map((table) => tf.clone(table));
    tf.dispose(tables);
    return results;
  };
  const rows = Array.from({ length: 520 }, (_, id) => id);

  test.each([
    ['batch norm with hard-swish', normalizeImages],
    ['AdamW of each parameter', stepEach],
    ['AdamW of all rows', stepRows(rows)],
    ['AdamW of some rows', stepRows(rows.slice(5).reverse())],
    ['an activation', () => [ops.hardSigmoid(draw(image, 1))]],
  ])('%s agrees with the composition when XLA compiles it, and leaves no handle', async (_name, run) => {
    expect(tensorFlowRuntime(tf.backend()).canCompile).toBe(true);
    const evaluate = () => tf.tidy(() => run().map((result) => result.dataSync().slice() as Float32Array));
    const expected = await on('cpu', evaluate);
    const actual = await on('node', evaluate);
    for (const [i, values] of actual.entries()) expect(relativeError(values, expected[i])).toBeLessThan(2e-5);
    expect(countHandles(evaluate)).toBe(0);
  });

  test('says once that XLA does not compile, and why', () => {
    const backend = tf.backend() as unknown as { binding: object };
    const refusing = Object.create(backend, {
      binding: {
        value: Object.create(backend.binding, {
          addFunction: {
            value: () => {
              throw new Error('no device for XLA');
            },
          },
        }),
      },
    });
    const warn = vi.spyOn(tf.backend_util, 'warn').mockImplementation(() => undefined);
    const runtime = tensorFlowRuntime(refusing);
    expect([runtime.canCompile, runtime.canCompile]).toEqual([false, false]);
    expect(warn.mock.calls).toEqual([
      [expect.stringMatching(/^XLA compiles nothing here.*no device for XLA$/)],
    ]);
    warn.mockRestore();
  });

  test('UNITSPHERE_XLA=0 runs kernels operation by operation', () => {
    tf.env().set('UNITSPHERE_XLA', '0');
    try {
      // A runtime decides once.
      const backend = tf.backend() as unknown as object;
      expect(tensorFlowRuntime(Object.create(backend)).canCompile).toBe(false);
    } finally {
      tf.env().set('UNITSPHERE_XLA', '');
    }
  });
});
