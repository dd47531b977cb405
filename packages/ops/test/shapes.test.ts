/** Compares our kernels with the compositions on cpu over random shapes, strides and paddings. */
import * as tf from '@tensorflow/tfjs-core';
import { everyBackend, on, read, start } from '@unitsphere/testing/backends';
import {
  drawInputs,
  evaluate,
  fill,
  type OperationCase,
  relativeError,
} from '@unitsphere/testing/operation-case';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import * as ops from '../src/index.js';

const sizeOf = (shape: number[]) => shape.reduce((a, b) => a * b, 1);

/** @param termSize Size of terms that may cancel, as in a norm's shift or in the gradient of a norm over few values. */
async function expectAgreement(
  backend: string,
  c: OperationCase,
  seed: number,
  termSize?: number,
): Promise<void> {
  const values = drawInputs(c, seed);
  const expected = await on('cpu', () => evaluate(c, values));
  await start(backend);
  const before = tf.memory().numTensors;
  const actual = await on(backend, () => evaluate(c, values));
  expect(tf.memory().numTensors).toBe(before);
  expect(relativeError(actual.out, expected.out, termSize), c.name).toBeLessThan(2e-5);
  for (const name of Object.keys(c.inputs)) {
    expect(
      relativeError(actual.grads[name], expected.grads[name], termSize),
      `${c.name}: gradient of ${name}`,
    ).toBeLessThan(1e-4);
  }
}

const upTo = (max: number, min = 1) => fc.integer({ min, max });
/** Returns fast-check's options. A software device compiles each new program for a tenth of a second, so it gets fewer runs. */
const runsOn = (backend: string, numRuns = 80) => ({
  numRuns: backend === 'webgpu' ? Math.ceil(numRuns / 8) : numRuns,
  seed: 1,
});

const window = fc.record({
  batch: upTo(3),
  height: upTo(11),
  width: upTo(11),
  kernelHeight: upTo(5),
  kernelWidth: upTo(5),
  stride: upTo(3),
  padding: upTo(3, 0),
  seed: upTo(1000),
});
const operations = { conv2d: ops.conv2d, depthwiseConv2d: ops.depthwiseConv2d };

type WindowCase = typeof window extends fc.Arbitrary<infer T> ? T : never;

const fits = (w: WindowCase) =>
  w.height + 2 * w.padding >= w.kernelHeight && w.width + 2 * w.padding >= w.kernelWidth;

/** Checks a convolution. If the kernel does not fit, every backend must refuse it. */
async function checkConvolution(
  backend: string,
  op: 'conv2d' | 'depthwiseConv2d',
  w: WindowCase,
  channels: number,
  filterEnd: number[],
) {
  const x = [w.batch, w.height, w.width, channels];
  const filter = [w.kernelHeight, w.kernelWidth, ...filterEnd];
  const run = (t: Record<string, tf.Tensor>) =>
    operations[op](t.x as tf.Tensor4D, t.filter as tf.Tensor4D, w);
  if (!fits(w)) {
    for (const name of ['cpu', backend]) {
      const call = on(name, () => run({ x: tf.zeros(x), filter: tf.zeros(filter) }));
      await expect(call).rejects.toThrow(
        `${op}: a ${w.kernelHeight}x${w.kernelWidth} kernel does not fit an image`,
      );
    }
    return;
  }
  const name = `${op} of [${x}] with [${filter}], stride ${w.stride}, padding ${w.padding}`;
  await expectAgreement(
    backend,
    { name, inputs: { x: { shape: x }, filter: { shape: filter } }, run },
    w.seed,
  );
}

const compared = everyBackend.filter((name) => name !== 'cpu');

describe.each(compared)('%s agrees with cpu for', { timeout: 120_000 }, (backend) => {
  test('conv2d', async () => {
    const property = fc.asyncProperty(window, upTo(20), upTo(20), (w, channels, out) =>
      checkConvolution(backend, 'conv2d', w, channels, [channels, out]),
    );
    await fc.assert(property, runsOn(backend));
  });

  test('depthwiseConv2d', async () => {
    const property = fc.asyncProperty(window, upTo(20), (w, channels) =>
      checkConvolution(backend, 'depthwiseConv2d', w, channels, [channels, 1]),
    );
    await fc.assert(property, runsOn(backend, 200));
  });

  test('matMul', async () => {
    const sizes = fc.tuple(upTo(40), fc.oneof(upTo(40), fc.constantFrom(255, 256, 257, 300)), upTo(40));
    const property = fc.asyncProperty(
      sizes,
      fc.boolean(),
      fc.boolean(),
      upTo(1000),
      ([m, k, n], a, b, seed) =>
        expectAgreement(
          backend,
          {
            name: `matMul ${m}x${k}x${n}${a ? ', a transposed' : ''}${b ? ', b transposed' : ''}`,
            inputs: { a: { shape: a ? [k, m] : [m, k] }, b: { shape: b ? [n, k] : [k, n] } },
            run: (t) => ops.matMul(t.a as tf.Tensor2D, t.b as tf.Tensor2D, a, b),
          },
          seed,
        ),
    );
    await fc.assert(property, runsOn(backend));
  });

  const activation = fc.constantFrom('none', 'relu', 'hard_swish', 'hard_sigmoid');
  const batchNorm = fc.record({
    shape: fc.oneof(
      fc.tuple(upTo(300, 3), upTo(20)),
      fc.tuple(upTo(4, 2), upTo(6), upTo(6, 2), upTo(20)),
    ) as fc.Arbitrary<number[]>,
    activation: activation as fc.Arbitrary<ops.Activation>,
    mean: fc.constantFrom(0, 5, -50),
    seed: upTo(1000),
  });
  const normInputs = (shape: number[], mean: number) => ({
    x: { shape, low: mean - 4, high: mean + 4 },
    gamma: { shape: shape.slice(-1), low: 0.5, high: 2 },
    beta: { shape: shape.slice(-1) },
  });

  test('batchNormTrain', async () => {
    await fc.assert(
      fc.asyncProperty(batchNorm, ({ shape, activation, mean, seed }) =>
        expectAgreement(
          backend,
          {
            name: `batchNormTrain of [${shape}] with ${activation} about ${mean}`,
            inputs: normInputs(shape, mean),
            run: ({ x, gamma, beta }) =>
              ops.batchNormTrain(x, gamma as tf.Tensor1D, beta as tf.Tensor1D, { activation }).y,
          },
          seed,
          1,
        ),
      ),
      runsOn(backend),
    );
  });

  test('batchNormInference', async () => {
    await fc.assert(
      fc.asyncProperty(batchNorm, ({ shape, activation, mean, seed }) => {
        const c = shape[shape.length - 1];
        return expectAgreement(
          backend,
          {
            name: `batchNormInference of [${shape}] with ${activation} about ${mean}`,
            inputs: normInputs(shape, mean),
            run: ({ x, gamma, beta }) =>
              ops.batchNormInference(
                x,
                gamma as tf.Tensor1D,
                beta as tf.Tensor1D,
                tf.tensor1d(fill(c, seed, mean - 1, mean + 1)),
                tf.tensor1d(fill(c, seed, 0.5, 3)),
                { activation },
              ),
          },
          seed,
          1,
        );
      }),
      runsOn(backend),
    );
  });

  test('batch norm followed by PReLU', async () => {
    const shared = fc.boolean();
    await fc.assert(
      fc.asyncProperty(batchNorm, shared, ({ shape, mean, seed }, shared) => {
        const inputs = {
          ...normInputs(shape, mean),
          slope: { shape: [shared ? 1 : shape[shape.length - 1]] },
        };
        return expectAgreement(
          backend,
          {
            name: `batchNormPreluTrain of [${shape}] with ${inputs.slope.shape} slopes about ${mean}`,
            inputs,
            run: ({ x, gamma, beta, slope }) =>
              ops.batchNormPreluTrain(x, gamma as tf.Tensor1D, beta as tf.Tensor1D, slope as tf.Tensor1D).y,
          },
          seed,
          1,
        );
      }),
      runsOn(backend),
    );
  });

  test('layerNorm', async () => {
    // At least two channels: with one, the variance is 0 and the gradient only rounding.
    const shape = fc.oneof(fc.tuple(upTo(20), upTo(70, 2)), fc.tuple(upTo(3), upTo(4), upTo(4), upTo(20, 2)));
    const property = fc.asyncProperty(shape, fc.constantFrom(0, 5), upTo(1000), (shape, mean, seed) =>
      expectAgreement(
        backend,
        {
          name: `layerNorm of [${shape}] about ${mean}`,
          inputs: normInputs(shape, mean),
          run: ({ x, gamma, beta }) => ops.layerNorm(x, gamma as tf.Tensor1D, beta as tf.Tensor1D),
        },
        seed,
        1,
      ),
    );
    await fc.assert(property, runsOn(backend));
  });

  test('maxPool2d', async () => {
    const sizes = fc.record({
      shape: fc.tuple(upTo(3), upTo(9), upTo(9), upTo(20)),
      kernelSize: upTo(5),
      stride: upTo(4),
      halfPadding: upTo(2, 0),
      seed: upTo(1000),
    });
    const property = fc.asyncProperty(sizes, async ({ shape, kernelSize, stride, halfPadding, seed }) => {
      const padding = Math.min(halfPadding, Math.floor(kernelSize / 2));
      fc.pre(Math.min(shape[1], shape[2]) + 2 * padding >= kernelSize);
      await expectAgreement(
        backend,
        {
          name: `maxPool2d of [${shape}], ${kernelSize}x${kernelSize}, stride ${stride}, padding ${padding}`,
          inputs: { x: { shape } },
          run: ({ x }) => ops.maxPool2d(x as tf.Tensor4D, { kernelSize, stride, padding }),
        },
        seed,
      );
    });
    await fc.assert(property, runsOn(backend));
  });

  test('pooling, gates, slopes and biases', async () => {
    const shape = fc.tuple(upTo(3), upTo(9), upTo(9), upTo(20));
    const property = fc.asyncProperty(shape, upTo(1000), async (shape, seed) => {
      const [n, , , c] = shape;
      const cases: OperationCase[] = [
        {
          name: `globalAveragePool of [${shape}]`,
          inputs: { x: { shape } },
          run: ({ x }) => ops.globalAveragePool(x as tf.Tensor4D),
        },
        {
          name: `scaleChannels of [${shape}]`,
          inputs: { x: { shape }, gate: { shape: [n, c] } },
          run: ({ x, gate }) => ops.scaleChannels(x as tf.Tensor4D, gate as tf.Tensor2D),
        },
        {
          name: `scaleSamples of [${shape}]`,
          inputs: { x: { shape }, factors: { shape: [n] } },
          run: ({ x, factors }) => ops.scaleSamples(x, factors as tf.Tensor1D),
        },
        ...[1, c].map(
          (slopes): OperationCase => ({
            name: `prelu of [${shape}] with ${slopes} slopes`,
            inputs: { x: { shape }, slope: { shape: [slopes] } },
            run: ({ x, slope }) => ops.prelu(x, slope as tf.Tensor1D),
          }),
        ),
        {
          name: `addBias to [${shape}]`,
          inputs: { x: { shape }, bias: { shape: [c] } },
          run: ({ x, bias }) => ops.addBias(x as tf.Tensor4D, bias as tf.Tensor1D),
        },
      ];
      for (const c of cases) await expectAgreement(backend, c, seed, 1);
    });
    await fc.assert(property, runsOn(backend));
  });

  test('rows: unit length, gathered, added, cosines', async () => {
    const property = fc.asyncProperty(
      upTo(20),
      upTo(70),
      fc.array(upTo(1000, 0), { minLength: 1, maxLength: 40 }),
      upTo(1000),
      async (rows, dimensions, picks, seed) => {
        const values = picks.map((pick) => pick % rows);
        const ids = { name: 'ids', values };
        const cases: OperationCase[] = [
          {
            name: `l2Normalize of [${rows}, ${dimensions}]`,
            inputs: { x: { shape: [rows, dimensions] } },
            run: ({ x }) => ops.l2Normalize(x as tf.Tensor2D),
          },
          {
            name: `gatherRows ${values} of [${rows}, ${dimensions}]`,
            inputs: { x: { shape: [rows, dimensions] } },
            ids,
            run: ({ x, ids }) => ops.gatherRows(x as tf.Tensor2D, ids as tf.Tensor1D),
          },
          {
            name: `scatterAddRows to ${values} of [${rows}, ${dimensions}]`,
            inputs: { x: { shape: [values.length, dimensions] } },
            ids,
            run: ({ x, ids }) => ops.scatterAddRows(x as tf.Tensor2D, ids as tf.Tensor1D, rows),
          },
          {
            name: `cosineLogits of [${values.length}, ${dimensions}] with ${rows}`,
            inputs: { x: { shape: [values.length, dimensions] }, centers: { shape: [rows, dimensions] } },
            run: ({ x, centers }) => ops.cosineLogits(x as tf.Tensor2D, centers as tf.Tensor2D),
          },
        ];
        for (const c of cases) await expectAgreement(backend, c, seed, 1);
      },
    );
    await fc.assert(property, runsOn(backend));
  });

  test('optimizer steps and moving averages', async () => {
    const shape = fc.oneof(fc.tuple(upTo(67)), fc.tuple(upTo(5), upTo(13))) as fc.Arbitrary<number[]>;
    const options = fc.record({
      nesterov: fc.boolean(),
      momentum: fc.constantFrom(0, 0.9),
      dampening: fc.constantFrom(0, 0.1),
      weightDecay: fc.constantFrom(0, 0.01),
      gradientScale: fc.constantFrom(1, 0.3),
      step: upTo(3),
    });
    const property = fc.asyncProperty(shape, options, upTo(1000), async (shape, options, seed) => {
      const states = [];
      for (const name of ['cpu', backend]) {
        states.push(
          await on(name, () => {
            const value = (i: number, low = -1) => tf.tensor(fill(sizeOf(shape), seed + i, low), shape);
            const variables = [value(0), value(1), value(2), value(3, 0), value(4), value(5)].map((v) =>
              tf.variable(v),
            ) as [tf.Variable, tf.Variable, tf.Variable, tf.Variable, tf.Variable, tf.Variable];
            const [p, buffer, mean, square, q, average] = variables;
            const gradient = value(6);
            const rest = { beta1: 0.9, beta2: 0.99, eps: 1e-8 };
            ops.adamWUpdate(p, gradient, mean, square, { lr: 0.1, ...rest, ...options });
            ops.sgdUpdate(q, gradient, options.momentum ? buffer : null, { lr: 0.1, ...options });
            ops.updateMovingAverage(average, gradient, 0.3, 1.5);
            const result = variables.map(read);
            tf.dispose(variables);
            return Promise.all(result);
          }),
        );
      }
      const [expected, actual] = states as [Float32Array[], Float32Array[]];
      expected.forEach((values, i) => {
        expect(relativeError(actual[i], values, 1), `variable ${i} of [${shape}]`).toBeLessThan(1e-5);
      });
    });
    await fc.assert(property, runsOn(backend));
  });
});

test('gathers and adds zero rows on every backend', async () => {
  const ids = () => tf.tensor1d([], 'int32');
  for (const backend of everyBackend) {
    const [gathered, scattered] = await on(backend, () => {
      const gather = (x: tf.Tensor) => ops.gatherRows(x as tf.Tensor2D, ids());
      expect(gather(tf.ones([3, 2])).shape).toEqual([0, 2]);
      const scatter = (x: tf.Tensor) => ops.scatterAddRows(x as tf.Tensor2D, ids(), 3);
      expect(tf.grad(scatter)(tf.zeros([0, 2]), tf.ones([3, 2])).shape).toEqual([0, 2]);
      return Promise.all([
        read(tf.grad(gather)(tf.ones([3, 2]), tf.zeros([0, 2]))),
        read(scatter(tf.zeros([0, 2]))),
      ]);
    });
    expect([...gathered]).toEqual(new Array(6).fill(0));
    expect([...scattered]).toEqual(new Array(6).fill(0));
  }
});
