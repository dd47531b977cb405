/** The WebGPU runtime: tensors too large to bind, cached programs, memory of the GPU, tuning and debug flags. */
import * as tf from '@tensorflow/tfjs-core';
import { everyBackend, on, read, start } from '@unitsphere/testing/backends';
import {
  drawInputs,
  evaluate,
  fill,
  type OperationCase,
  relativeError,
} from '@unitsphere/testing/operation-case';
import { beforeEach, describe, expect, onTestFinished, test, vi } from 'vitest';
import * as ops from '../src/index.js';
import { WebGpuRuntime, webGpuRuntime } from '../src/webgpu/runtime.js';
import { isSoftware, tuningFor } from '../src/webgpu/tuning.js';

async function expectAgreement(c: OperationCase): Promise<void> {
  const values = drawInputs(c);
  const expected = await on('cpu', () => evaluate(c, values));
  await start('webgpu');
  const dataCount = () => (tf.backend() as unknown as { numDataIds(): number }).numDataIds();
  const before = dataCount();
  const actual = await on('webgpu', () => evaluate(c, values));
  expect(dataCount(), `${c.name}: kernels' temporary buffers`).toBe(before);
  expect(relativeError(actual.out, expected.out), c.name).toBeLessThan(2e-5);
  for (const name of Object.keys(c.inputs)) {
    expect(relativeError(actual.grads[name], expected.grads[name]), `${c.name}: ${name}`).toBeLessThan(1e-4);
  }
}

describe.skipIf(!everyBackend.includes('webgpu'))('webgpu', { timeout: 120_000 }, () => {
  let runtime: WebGpuRuntime;
  beforeEach(async () => {
    await start('webgpu');
    runtime = webGpuRuntime(tf.backend());
    const { tuning, maxBindingBytes } = runtime;
    return () => Object.assign(runtime, { tuning, maxBindingBytes });
  });

  // A stock cast leaves the integers' bits in memory.
  test('reads tensors that were cast from integers as floats', async () => {
    const before = tf.memory().numTensors;
    const values = [3, -2, 0, 7, 70_000, -1];
    const cast = () => tf.cast(tf.tensor2d(values, [2, 3], 'int32'), 'float32');
    expect([...(await on('webgpu', () => read(ops.relu(cast()))))]).toEqual([3, 0, 0, 7, 70_000, 0]);
    const flags = () => tf.cast(tf.greater(tf.tensor1d(values), 0), 'float32');
    expect([...(await on('webgpu', () => read(ops.relu(flags()))))]).toEqual([1, 0, 0, 1, 1, 0]);
    const products = await on('webgpu', () => read(ops.matMul(cast(), cast(), false, true)));
    expect(relativeError(products, Float32Array.of(13, -139_979, -139_979, 4_900_000_050))).toBeLessThan(
      1e-5,
    );
    runtime.maxBindingBytes = 256;
    const many = await on('webgpu', () => read(ops.relu(tf.cast(tf.range(-50, 150, 1, 'int32'), 'float32'))));
    expect([...many.slice(48, 53), many[199]]).toEqual([0, 0, 0, 1, 2, 149]);
    const variable = tf.tidy(() => tf.variable(cast()));
    const [rows, row] = [tf.tensor1d([1], 'int32'), tf.ones<tf.Rank.R2>([1, 3])];
    expect(() => ops.assignRows(variable, rows, row)).toThrow(
      /of shape \[2,3\] was cast from integers.*Convert it to floats: tf\.mul\(x, tf\.scalar\(1\)\)/,
    );
    tf.dispose([variable, rows, row]);
    expect(tf.memory().numTensors).toBe(before);
  });

  test('splits tensors that are too large to bind into parts', async () => {
    // The tensors have 15 kB: two parts.
    runtime.maxBindingBytes = 8192;
    const rows = { shape: [6, 8, 5, 16] };
    const vector = { shape: [16] };
    const cases: OperationCase[] = [
      { name: 'hardSwish', inputs: { x: rows }, run: ({ x }) => ops.hardSwish(x) },
      {
        name: 'batchNormTrain',
        inputs: { x: rows, gamma: vector, beta: vector },
        run: ({ x, gamma, beta }) =>
          ops.batchNormTrain(x, gamma as tf.Tensor1D, beta as tf.Tensor1D, { activation: 'relu' }).y,
      },
      ...[16, 1].flatMap((slopes): OperationCase[] => [
        {
          name: `batchNormPreluTrain, ${slopes} slopes`,
          inputs: { x: rows, gamma: vector, beta: vector, slope: { shape: [slopes] } },
          run: ({ x, gamma, beta, slope }) =>
            ops.batchNormPreluTrain(x, gamma as tf.Tensor1D, beta as tf.Tensor1D, slope as tf.Tensor1D).y,
        },
        {
          name: `prelu, ${slopes} slopes`,
          inputs: { x: rows, slope: { shape: [slopes] } },
          run: ({ x, slope }) => ops.prelu(x, slope as tf.Tensor1D),
        },
      ]),
      {
        name: 'maxPool2d',
        inputs: { x: rows },
        run: ({ x }) => ops.maxPool2d(x as tf.Tensor4D, { kernelSize: 3, stride: 2, padding: 1 }),
      },
      {
        name: 'scaleSamples',
        inputs: { x: rows, factors: { shape: [6] } },
        run: ({ x, factors }) => ops.scaleSamples(x, factors as tf.Tensor1D),
      },
      {
        name: 'conv2d 1x1',
        inputs: { x: rows, filter: { shape: [1, 1, 16, 16] } },
        run: ({ x, filter }) =>
          ops.conv2d(x as tf.Tensor4D, filter as tf.Tensor4D, { stride: 1, padding: 0 }),
      },
      {
        name: 'l2Normalize',
        inputs: { x: { shape: [200, 16] } },
        run: ({ x }) => ops.l2Normalize(x as tf.Tensor2D),
      },
    ];
    for (const c of cases) await expectAgreement(c);
    const [x, window] = [{ shape: [10, 16, 16, 4] }, { stride: 1, padding: 1 }];
    // The images are bound in two parts.
    runtime.maxBindingBytes = 32_768;
    await expectAgreement({
      name: 'depthwiseConv2d',
      inputs: { x, filter: { shape: [3, 3, 4, 1] } },
      run: ({ x, filter }) => ops.depthwiseConv2d(x as tf.Tensor4D, filter as tf.Tensor4D, window),
    });
    // The patches of one image are bound at a time.
    runtime.maxBindingBytes = 65_536;
    await expectAgreement({
      name: 'conv2d 3x3',
      inputs: { x, filter: { shape: [3, 3, 4, 5] } },
      run: ({ x, filter }) => ops.conv2d(x as tf.Tensor4D, filter as tf.Tensor4D, window),
    });
  });

  test('refuses a tensor that cannot be split into parts', () => {
    runtime.maxBindingBytes = 1024;
    tf.tidy(() => {
      expect(() => ops.matMul(tf.ones([4, 8]), tf.ones([8, 100]))).toThrow(
        /^matMul: cannot bind 16 rows of 400 bytes: the device binds at most 1024 bytes .* Use a smaller batch or another backend\.$/,
      );
    });
  });

  test('compiles no program twice, even for other sizes', async () => {
    const norm = (rows: number, channels: number) =>
      tf.tidy(() =>
        ops.batchNormTrain(
          tf.ones([rows, channels]),
          tf.ones([channels]) as tf.Tensor1D,
          tf.zeros([channels]),
        ),
      ).y;
    const rest = (batch: number, side: number, channels: number) =>
      tf.tidy(() => {
        const x = tf.ones<tf.Rank.R4>([batch, side, side, channels]);
        const vector = tf.ones<tf.Rank.R1>([channels]);
        const run = (x: tf.Tensor, slope: tf.Tensor, factors: tf.Tensor) => {
          const { y } = ops.batchNormPreluTrain(x, vector, vector, slope as tf.Tensor1D);
          const pooled = ops.maxPool2d(y as tf.Tensor4D, { kernelSize: 3, stride: 2, padding: 1 });
          return ops.scaleSamples(ops.prelu(pooled, slope as tf.Tensor1D), factors as tf.Tensor1D);
        };
        const inputs = [x, vector, tf.ones([batch])];
        return tf.grads(run)(inputs, tf.onesLike(run(...(inputs as [tf.Tensor, tf.Tensor, tf.Tensor]))));
      });
    tf.dispose([norm(9, 8), ops.matMul(tf.ones([40, 16]), tf.ones([16, 32])), rest(2, 6, 8)]);
    const before = runtime.pipelineCount;
    tf.dispose([norm(9, 8), norm(200, 12), ops.matMul(tf.ones([70, 24]), tf.ones([24, 64]))]);
    tf.dispose([rest(2, 6, 8), rest(3, 9, 12)]);
    expect(runtime.pipelineCount).toBe(before);
  });

  test('keeps memory constant over many steps, and repeats a run bit for bit', async () => {
    const image = tf.tensor4d(fill(4 * 12 * 12 * 3, 5), [4, 12, 12, 3]);
    async function run(steps: number) {
      const shapes = [[3, 3, 3, 8], [8], [8], [5, 5, 8, 1], [10, 8]];
      const variables = shapes.map((shape, i) =>
        tf.variable(
          tf.tensor(
            fill(
              shape.reduce((a, b) => a * b, 1),
              i + 1,
              0.1,
            ),
            shape,
          ),
        ),
      );
      const states = shapes.map(
        (shape) => [tf.variable(tf.zeros(shape)), tf.variable(tf.zeros(shape))] as const,
      );
      const forward = (...[stem, gamma, beta, depth, centers]: tf.Tensor[]) => {
        const map = ops.conv2d(image, stem as tf.Tensor4D, { stride: 2, padding: 1 });
        const { y } = ops.batchNormTrain(map, gamma as tf.Tensor1D, beta as tf.Tensor1D, {
          activation: 'hard_swish',
        });
        const deep = ops.depthwiseConv2d(y, depth as tf.Tensor4D, { stride: 1, padding: 2 });
        const gated = ops.scaleChannels(deep, ops.hardSigmoid(ops.globalAveragePool(deep)));
        return ops.cosineLogits(ops.globalAveragePool(gated), centers as tf.Tensor2D);
      };
      const seen: { numTensors: number; bytes: number }[] = [];
      for (let step = 1; step <= steps; step++) {
        const norm = tf.tidy(() => {
          const target = tf.eye(4, 10);
          const grads = tf.grads(forward)(variables, tf.sub(forward(...variables), target));
          grads.forEach((gradient, i) => {
            const rest = { lr: 0.01, beta1: 0.9, beta2: 0.999, eps: 1e-8, weightDecay: 0 };
            ops.adamWUpdate(variables[i], gradient, ...states[i], { ...rest, step });
          });
          return ops.sumSquares(grads[0]);
        });
        expect(Number.isFinite((await norm.data())[0])).toBe(true);
        norm.dispose();
        const { numTensors, numBytesAllocatedInGPU } = tf.memory() as tf.MemoryInfo & {
          numBytesAllocatedInGPU: number;
        };
        seen.push({ numTensors, bytes: numBytesAllocatedInGPU });
      }
      const values = await Promise.all([...variables, ...states.flat()].map(read));
      tf.dispose([...variables, ...states.flat()]);
      return { seen, values };
    }
    const first = await run(60);
    // The first steps fill the backend's pool of buffers.
    expect(new Set(first.seen.slice(10).map(({ numTensors }) => numTensors)).size).toBe(1);
    expect(new Set(first.seen.slice(10).map(({ bytes }) => bytes)).size).toBe(1);
    const second = await run(60);
    second.values.forEach((values, i) => {
      expect([...values]).toEqual([...first.values[i]]);
    });
    image.dispose();
  });

  test('UNITSPHERE_WEBGPU_TUNING overrides fields of the tuning', () => {
    const flag = 'UNITSPHERE_WEBGPU_TUNING';
    onTestFinished(() => tf.env().set(flag, ''));
    tf.env().set(flag, '{"broadcast":0,"reducers":32}');
    const { tuning } = new WebGpuRuntime(tf.backend() as never);
    expect(tuning).toEqual({ ...runtime.tuning, broadcast: 0, reducers: 32 });
    tf.env().set(flag, 'small');
    expect(() => new WebGpuRuntime(tf.backend() as never)).toThrow(`${flag}: small is not JSON.`);
  });

  test('UNITSPHERE_PRINT_WGSL=1 prints each compiled program', async () => {
    const flag = 'UNITSPHERE_PRINT_WGSL';
    const log = vi.spyOn(console, 'log').mockImplementation(() => undefined);
    onTestFinished(() => {
      log.mockRestore();
      tf.env().set(flag, '');
    });
    // A program compiled before is not printed.
    runtime.tuning = { ...runtime.tuning, workgroupSize: 16 };
    const run = () => on('webgpu', () => read(ops.silu(tf.tensor1d([1, 2]))));
    await run();
    expect(log).not.toHaveBeenCalled();
    tf.env().set(flag, '1');
    await on('webgpu', () => read(ops.silu(tf.tensor1d([1, 2, 3, 4]))));
    expect(log).toHaveBeenCalledExactlyOnceWith(
      expect.stringMatching(/^\/\/ activation silu 4 16\n[\s\S]*@compute @workgroup_size\(16\)/),
    );
    await run();
    expect(log).toHaveBeenCalledOnce();
  });

  test('rereads averages that change in place, and leaves their clones unchanged', async () => {
    const [average, square] = [tf.variable(tf.tensor1d([1, 2, 3])), tf.variable(tf.zeros([3]))];
    const parameter = tf.variable(tf.zeros([3]));
    const step = () =>
      ops.adamWUpdate(parameter, tf.ones([3]), average, square, {
        ...{ lr: 0.1, beta1: 0.5, beta2: 0.9, eps: 1e-8, weightDecay: 0, step: 1 },
      });
    tf.tidy(step);
    expect([...(await average.data())]).toEqual([1, 1.5, 2]);
    tf.tidy(step);
    expect([...(await average.data())]).toEqual([1, 1.25, 1.5]);
    const clone = tf.clone(average);
    tf.tidy(step);
    expect([...(await clone.data())]).toEqual([1, 1.25, 1.5]);
    expect([...(await average.data())]).toEqual([1, 1.125, 1.25]);
    tf.dispose([average, square, parameter, clone]);
  });
});

describe.skipIf(!everyBackend.includes('webgpu'))('steps of AdamW for several parameters', () => {
  const shapes = [[70], [], [8, 4], [3], [200], [0], [16]];
  const settings = { beta1: 0.9, beta2: 0.99, eps: 1e-8, step: 2 };
  const steps = shapes.map((_, i) => ({ ...settings, lr: 0.1 / (i + 1), weightDecay: 0.1 * (i % 2) }));

  /** Returns every variable after two steps of all parameters: one after another, or in one call. */
  async function run(together: boolean, setUp: (runtime: WebGpuRuntime) => void = () => {}, clone = false) {
    await start('webgpu');
    const runtime = webGpuRuntime(tf.backend());
    const { mostBuffers, maxBindingBytes } = runtime;
    setUp(runtime);
    const before = tf.memory().numTensors;
    const parameters = shapes.map((shape, i) => {
      const variable = (seed: number, low: number) =>
        tf.tidy(() =>
          tf.variable(
            tf.tensor(
              fill(
                shape.reduce((a, b) => a * b, 1),
                seed,
                low,
              ),
              shape,
            ),
          ),
        );
      return { parameter: variable(i, -1), expAvg: variable(10 + i, -1), expAvgSq: variable(20 + i, 0) };
    });
    const clones = clone ? [tf.clone(parameters[3].expAvg)] : [];
    for (let step = 0; step < 2; step++) {
      tf.tidy(() => {
        const updates = parameters.map((state, i) => {
          const gradient = tf.tensor(fill(state.parameter.size, 30 + i, -1), shapes[i]);
          return { ...state, gradient, step: steps[i] };
        });
        if (together) ops.adamWUpdateEach(updates);
        else {
          for (const { parameter, gradient, expAvg, expAvgSq, step } of updates) {
            ops.adamWUpdate(parameter, gradient, expAvg, expAvgSq, step);
          }
        }
      });
    }
    const variables = parameters.flatMap((state) => Object.values(state));
    const values = await Promise.all(variables.map(read));
    tf.dispose([...variables, ...clones]);
    expect(tf.memory().numTensors).toBe(before);
    Object.assign(runtime, { mostBuffers, maxBindingBytes });
    return values.map((one) => [...one]);
  }

  test.each([
    ['as many as the device binds', () => {}, false],
    ['two at a time', (runtime: WebGpuRuntime) => Object.assign(runtime, { mostBuffers: 10 }), false],
    ['one at a time', (runtime: WebGpuRuntime) => Object.assign(runtime, { mostBuffers: 8 }), false],
    [
      'a large one in parts',
      (runtime: WebGpuRuntime) => Object.assign(runtime, { maxBindingBytes: 256 }),
      false,
    ],
    ['an average that another tensor shares', () => {}, true],
  ])('%s, have the bits of single steps', async (_, setUp, clone) => {
    expect(await run(true, setUp, clone)).toEqual(await run(false));
  });
});

test('tunes for the kind of device, within its limits', () => {
  const device = (features: string[], most: number) => ({
    features: new Set(features),
    limits: { maxComputeInvocationsPerWorkgroup: most, maxComputeWorkgroupSizeX: most },
  });
  const software = { vendor: 'mesa', architecture: 'software', subgroupMinSize: 8, subgroupMaxSize: 8 };
  expect(tuningFor(device(['subgroups'], 1024), software)).toMatchObject({ broadcast: 8, reducers: 1 });
  expect(tuningFor(device([], 1024), software)).toMatchObject({ broadcast: 0, reducers: 1 });
  const card = { vendor: 'nvidia', architecture: 'hopper', subgroupMinSize: 32, subgroupMaxSize: 32 };
  expect(tuningFor(device(['subgroups'], 1024), card)).toMatchObject({ broadcast: 0, reducers: 64 });
  expect(tuningFor(device([], 32), card)).toMatchObject({ reducers: 32, workgroupSize: 32 });
  expect(isSoftware({ description: 'SwiftShader Device' })).toBe(true);
  expect(isSoftware({ vendor: 'intel', architecture: 'xe' })).toBe(false);
});
