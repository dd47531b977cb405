/** Compares every operation with PyTorch's values on each backend. */
import * as tf from '@tensorflow/tfjs-core';
import { everyBackend, on, read } from '@unitsphere/testing/backends';
import { type GoldenTensor, readGolden, relativeError } from '@unitsphere/testing/golden';
import {
  fromDepthwise,
  toDepthwise,
  toHwio,
  toNchw,
  toNhwc,
  toOihw,
} from '@unitsphere/testing/golden/layout';
import { describe, expect, test } from 'vitest';
import * as ops from '../src/index.js';

const TOLERANCE = 1e-4;

type Order = (tensor: { readonly shape: number[]; readonly data: ArrayLike<number> }) => {
  readonly shape: number[];
  readonly data: ArrayLike<number>;
};
const same: Order = (tensor) => tensor;

/** Input of an operation: its golden value and gradient, and their conversion to TensorFlow.js's layout and back. */
interface Input {
  value: GoldenTensor;
  gradient?: GoldenTensor;
  into?: Order;
  back?: Order;
}

const tensor = ({ shape, data }: ReturnType<Order>) => tf.tensor(data as Float32Array, shape);
const values = async (t: tf.Tensor) => ({ shape: t.shape, data: await read(t) });

/** Compares an operation's result and gradients with PyTorch's. */
async function check(
  backend: string,
  run: (...inputs: tf.Tensor[]) => tf.Tensor,
  inputs: Input[],
  output: { y: GoldenTensor; dy: GoldenTensor; into?: Order; back?: Order },
): Promise<void> {
  const { into = same, back = same } = output;
  const [y, ...gradients] = await on(backend, () => {
    const tensors = inputs.map(({ value, into = same }) => tensor(into(value)));
    return Promise.all([run(...tensors), ...tf.grads(run)(tensors, tensor(into(output.dy)))].map(values));
  });
  expect(relativeError(back(y).data, output.y), 'y').toBeLessThan(TOLERANCE);
  inputs.forEach(({ gradient, back = same }, i) => {
    if (!gradient) return;
    const error = relativeError(back(gradients[i]).data, gradient);
    expect(error, `gradient of input ${i}`).toBeLessThan(TOLERANCE);
  });
}

interface Case {
  name: string;
  x: GoldenTensor;
  y: GoldenTensor;
  dy: GoldenTensor;
  dx: GoldenTensor;
}
interface WeightCase extends Case {
  weight: GoldenTensor;
  bias: GoldenTensor | null;
  dWeight: GoldenTensor;
  dBias?: GoldenTensor;
}
/** Case at the points where the slope jumps, with the slopes of both sides. */
interface CornerCase extends Case {
  dxFromLeft: GoldenTensor;
  dxFromRight: GoldenTensor;
}
interface ConvCase extends WeightCase {
  options: { stride: number; padding: number };
}

const image = { into: toNhwc, back: toNchw };

describe.each(everyBackend)('%s', (backend) => {
  for (const [file, op, kernel] of [
    ['conv', ops.conv2d, { into: toHwio, back: toOihw }],
    ['depthwise', ops.depthwiseConv2d, { into: toDepthwise, back: fromDepthwise }],
  ] as const) {
    test.each(readGolden<ConvCase>(file).cases)(`${file}: $name`, async (c) => {
      const run = (x: tf.Tensor, weight: tf.Tensor, bias?: tf.Tensor) => {
        const y = op(x as tf.Tensor4D, weight as tf.Tensor4D, c.options);
        return bias ? ops.addBias(y, bias as tf.Tensor1D) : y;
      };
      const inputs: Input[] = [
        { value: c.x, gradient: c.dx, ...image },
        { value: c.weight, gradient: c.dWeight, ...kernel },
      ];
      if (c.bias) inputs.push({ value: c.bias, gradient: c.dBias });
      await check(backend, run, inputs, { y: c.y, dy: c.dy, ...image });
    });
  }

  test.each(readGolden<WeightCase>('linear').cases)('linear: $name', async (c) => {
    const run = (x: tf.Tensor, weight: tf.Tensor, bias?: tf.Tensor) =>
      ops.linear(x as tf.Tensor2D, weight as tf.Tensor2D, bias as tf.Tensor1D | undefined);
    const inputs: Input[] = [
      { value: c.x, gradient: c.dx },
      { value: c.weight, gradient: c.dWeight },
    ];
    if (c.bias) inputs.push({ value: c.bias, gradient: c.dBias });
    await check(backend, run, inputs, c);
  });

  const activations = {
    hard_swish: ops.hardSwish,
    hard_sigmoid: ops.hardSigmoid,
    relu: ops.relu,
    relu6: ops.relu6,
    silu: ops.silu,
    sigmoid: ops.sigmoid,
    gelu: ops.gelu,
    quick_gelu: ops.quickGelu,
  };
  const activationCases = readGolden<Case>('activations').cases;
  const findCase = <T extends Case>(name: string): T => {
    const found = activationCases.find((c) => c.name === name);
    if (!found) throw new Error(`There is no golden case "${name}".`);
    return found as T;
  };

  test.each(Object.entries(activations))('%s', async (name, op) => {
    const c = findCase(name);
    await check(backend, op, [{ value: c.x, gradient: c.dx }], c);
  });

  const withCorners = Object.entries(activations).filter(
    ([name]) => !['silu', 'sigmoid', 'gelu', 'quick_gelu'].includes(name),
  );
  test.each(withCorners)('%s at its corners', async (name, op) => {
    // PyTorch's slope there is that of either side, so each element must lie between the two.
    const c = findCase<CornerCase>(`${name} at its corners`);
    await check(backend, op, [{ value: c.x }], c);
    const dx = await on(backend, () => read(tf.grad(op)(tensor(c.x), tensor(c.dy))));
    dx.forEach((value, i) => {
      const sides = [c.dxFromLeft.data[i], c.dxFromRight.data[i]];
      expect(value, `dx[${i}]`).toBeGreaterThanOrEqual(Math.min(...sides) - TOLERANCE);
      expect(value, `dx[${i}]`).toBeLessThanOrEqual(Math.max(...sides) + TOLERANCE);
    });
  });

  test.each(activationCases.filter((c) => c.name.startsWith('global average pool')))('$name', async (c) => {
    await check(
      backend,
      (x) => ops.globalAveragePool(x as tf.Tensor4D),
      [{ value: c.x, gradient: c.dx, ...image }],
      { y: c.y, dy: c.dy },
    );
  });

  test.each(activationCases.filter((c) => c.name.startsWith('max pool')))('$name', async (c) => {
    const { options } = c as unknown as { options: ops.PoolWindow };
    const run = (x: tf.Tensor) => ops.maxPool2d(x as tf.Tensor4D, options);
    await check(backend, run, [{ value: c.x, gradient: c.dx, ...image }], { y: c.y, dy: c.dy, ...image });
  });

  test.each(activationCases.filter((c) => c.name.startsWith('prelu')))('$name', async (c) => {
    const order = c.x.shape.length === 4 ? image : {};
    const { weight, dWeight } = c as unknown as WeightCase;
    await check(
      backend,
      (x, slope) => ops.prelu(x, slope as tf.Tensor1D),
      [
        { value: c.x, gradient: c.dx, ...order },
        { value: weight, gradient: dWeight },
      ],
      { y: c.y, dy: c.dy, ...order },
    );
  });

  test.each(readGolden<ConvCase>('grouped').cases)('grouped: $name', async (c) => {
    const run = (x: tf.Tensor, weight: tf.Tensor) =>
      ops.groupedConv2d(x as tf.Tensor4D, weight as tf.Tensor4D, c.options);
    const inputs: Input[] = [
      { value: c.x, gradient: c.dx, ...image },
      { value: c.weight, gradient: c.dWeight, into: toHwio, back: toOihw },
    ];
    await check(backend, run, inputs, { y: c.y, dy: c.dy, ...image });
  });

  interface NormCase extends Omit<WeightCase, 'x' | 'y' | 'bias'> {
    kind: string;
    mode?: string;
    eps: number;
    bias: GoldenTensor;
    x: GoldenTensor | GoldenTensor[];
    y: GoldenTensor | GoldenTensor[];
    runningMean: GoldenTensor;
    runningVar: GoldenTensor;
    state?: object;
  }
  const first = (item: GoldenTensor | GoldenTensor[]) => (Array.isArray(item) ? item[0] : item);

  test.each(readGolden<NormCase>('norms').cases.filter((c) => !c.state))('$name', async (c) => {
    const run = (x: tf.Tensor, gamma: tf.Tensor, beta: tf.Tensor) => {
      const affine = [gamma as tf.Tensor1D, beta as tf.Tensor1D] as const;
      const options = { epsilon: c.eps };
      if (c.kind === 'LayerNorm') return ops.layerNorm(x, ...affine, options);
      if (c.mode === 'training') return ops.batchNormTrain(x, ...affine, options).y;
      const [mean, variance] = [tensor(c.runningMean) as tf.Tensor1D, tensor(c.runningVar) as tf.Tensor1D];
      return ops.batchNormInference(x, ...affine, mean, variance, options);
    };
    const order = c.kind === 'BatchNorm2d' ? image : {};
    await check(
      backend,
      run,
      [
        { value: first(c.x), gradient: c.dx, ...order },
        { value: c.weight, gradient: c.dWeight },
        { value: c.bias, gradient: c.dBias },
      ],
      { y: first(c.y), dy: c.dy, ...order },
    );
  });
});
