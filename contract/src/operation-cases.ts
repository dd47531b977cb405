/** Cases of every differentiable operation. */
import * as tf from '@tensorflow/tfjs-core';
import * as ops from '@unitsphere/ops';
import { fill, type OperationCase } from '@unitsphere/testing/operation-case';

const window = (stride: number, padding: number) => ({ stride, padding });

const conv = (
  name: string,
  x: number[],
  filter: number[],
  stride: number,
  padding: number,
): OperationCase => ({
  name: `conv2d ${name}`,
  inputs: { x: { shape: x }, filter: { shape: filter } },
  run: (t) => ops.conv2d(t.x as tf.Tensor4D, t.filter as tf.Tensor4D, window(stride, padding)),
});
const depthwise = (name: string, x: number[], k: number, stride: number): OperationCase => ({
  name: `depthwiseConv2d ${name}`,
  inputs: { x: { shape: x }, filter: { shape: [k, k, x[3], 1] } },
  run: (t) =>
    ops.depthwiseConv2d(t.x as tf.Tensor4D, t.filter as tf.Tensor4D, window(stride, Math.floor(k / 2))),
});

/**
 * Cases of every differentiable operation, at awkward shapes: odd sizes, channels that are not a multiple of the vector width,
 * kernels that overlap the edge.
 */
export const operationCases: readonly OperationCase[] = [
  conv('1x1', [2, 5, 3, 6], [1, 1, 6, 9], 1, 0),
  conv('1x1, 1 to 1 channel', [1, 3, 3, 1], [1, 1, 1, 1], 1, 0),
  conv('1x1 stride 2', [2, 5, 4, 3], [1, 1, 3, 5], 2, 0),
  conv('3x3 stride 2 of an RGB image', [2, 9, 7, 3], [3, 3, 3, 8], 2, 1),
  conv('3x3', [1, 6, 5, 4], [3, 3, 4, 11], 1, 1),
  conv('3x3 of more channels', [2, 6, 5, 7], [3, 3, 7, 6], 1, 1),
  conv('3x3 stride 2 of more channels', [2, 6, 7, 5], [3, 3, 5, 8], 2, 1),
  conv('5x5 without padding', [1, 6, 7, 2], [5, 5, 2, 3], 1, 0),
  conv('7x7 stride 2 of an RGB image', [1, 12, 9, 3], [7, 7, 3, 17], 2, 3),
  conv('5x5 on a 2x3 image', [2, 2, 3, 3], [5, 5, 3, 4], 2, 2),
  ...[1, 2].flatMap((stride) =>
    [3, 5].flatMap((k) =>
      [1, 5, 8, 13].map((c) =>
        depthwise(`${k}x${k} stride ${stride}, ${c} channels`, [2, 7, 6, c], k, stride),
      ),
    ),
  ),
  ...[
    { x: [2, 5, 4, 6], filter: [3, 3, 2, 6], stride: 1, padding: 1 },
    { x: [1, 6, 5, 4], filter: [3, 3, 2, 6], stride: 2, padding: 1 },
    { x: [1, 3, 3, 6], filter: [1, 1, 3, 2], stride: 1, padding: 0 },
    { x: [1, 4, 4, 5], filter: [3, 3, 1, 5], stride: 1, padding: 0 },
  ].map(
    ({ x, filter, stride, padding }): OperationCase => ({
      name: `groupedConv2d of ${x}, groups of ${filter[2]}`,
      inputs: { x: { shape: x }, filter: { shape: filter } },
      run: (t) => ops.groupedConv2d(t.x as tf.Tensor4D, t.filter as tf.Tensor4D, window(stride, padding)),
    }),
  ),
  depthwise('5x5 on a 2x3 image', [1, 2, 3, 4], 5, 2),
  // Wide enough that kernels read rows in place, with even and odd ends.
  ...[1, 2].flatMap((stride) =>
    [3, 5].flatMap((k) => [
      depthwise(`${k}x${k} stride ${stride}, 19 pixels wide`, [2, 6, 19, 8], k, stride),
      depthwise(`${k}x${k} stride ${stride}, 18 pixels wide`, [1, 5, 18, 6], k, stride),
      depthwise(`${k}x${k} stride ${stride}, one pixel`, [3, 1, 1, 4], k, stride),
    ]),
  ),
  ...[
    [3, 4, 5],
    [1, 1, 1],
    [7, 9, 300],
    [70, 13, 8],
  ].flatMap(([m, n, k]) =>
    [false, true].flatMap((a) =>
      [false, true].map(
        (b): OperationCase => ({
          name: `matMul ${m}x${n}x${k}${a ? ', a transposed' : ''}${b ? ', b transposed' : ''}`,
          inputs: { a: { shape: a ? [k, m] : [m, k] }, b: { shape: b ? [n, k] : [k, n] } },
          run: (t) => ops.matMul(t.a as tf.Tensor2D, t.b as tf.Tensor2D, a, b),
        }),
      ),
    ),
  ),
  {
    name: 'linear with bias',
    inputs: { x: { shape: [5, 7] }, weight: { shape: [3, 7] }, bias: { shape: [3] } },
    run: (t) => ops.linear(t.x as tf.Tensor2D, t.weight as tf.Tensor2D, t.bias as tf.Tensor1D),
  },
  ...(['none', 'relu', 'hard_swish', 'hard_sigmoid', 'relu6', 'silu', 'sigmoid'] as const).flatMap(
    (activation) =>
      [5, 8].map(
        (c): OperationCase => ({
          name: `batchNormTrain ${activation}, ${c} channels`,
          inputs: {
            x: { shape: [2, 5, 3, c], low: -4, high: 6 },
            gamma: { shape: [c], low: 0.5, high: 2 },
            beta: { shape: [c] },
          },
          run: (t) =>
            ops.batchNormTrain(t.x as tf.Tensor4D, t.gamma as tf.Tensor1D, t.beta as tf.Tensor1D, {
              activation,
            }).y,
        }),
      ),
  ),
  {
    name: 'batchNormTrain over many rows',
    inputs: { x: { shape: [700, 6], low: 90, high: 110 }, gamma: { shape: [6] }, beta: { shape: [6] } },
    run: (t) => ops.batchNormTrain(t.x as tf.Tensor2D, t.gamma as tf.Tensor1D, t.beta as tf.Tensor1D).y,
  },
  // More rows than a block; narrow and wide; with and without whole vectors of channels.
  ...[
    [301, 12],
    [140, 72],
    [131, 67],
  ].map(
    ([rows, c]): OperationCase => ({
      name: `batchNormTrain hard_swish of ${rows} rows, ${c} channels`,
      inputs: {
        x: { shape: [rows, c], low: -4, high: 6 },
        gamma: { shape: [c], low: 0.5, high: 2 },
        beta: { shape: [c] },
      },
      run: (t) =>
        ops.batchNormTrain(t.x as tf.Tensor2D, t.gamma as tf.Tensor1D, t.beta as tf.Tensor1D, {
          activation: 'hard_swish',
        }).y,
    }),
  ),
  // One slope per channel, and one for all channels.
  ...[
    { shape: [2, 5, 3, 5], slopes: 5 },
    { shape: [2, 5, 3, 8], slopes: 8 },
    { shape: [3, 3, 3, 13], slopes: 1 },
    { shape: [2, 2, 3, 8], slopes: 1 },
    { shape: [2, 4, 3, 1], slopes: 1 },
    { shape: [9, 6], slopes: 6 },
    { shape: [301, 6], slopes: 6, about: 100 },
  ].flatMap(({ shape, slopes, about = 0 }): OperationCase[] => {
    const channels: { shape: [number] } = { shape: [shape[shape.length - 1]] };
    const inputs = {
      x: { shape, low: about - 4, high: about + 6 },
      gamma: { ...channels, low: 0.5, high: 2 },
      beta: channels,
      slope: { shape: [slopes] },
    };
    const vectors = (t: Record<string, tf.Tensor>) =>
      [t.x, t.gamma as tf.Tensor1D, t.beta as tf.Tensor1D] as const;
    return [
      {
        name: `batchNormPreluTrain of ${shape}, ${slopes} slopes`,
        inputs,
        run: (t) => ops.batchNormPreluTrain(...vectors(t), t.slope as tf.Tensor1D).y,
      },
      {
        name: `batchNormPreluInference of ${shape}, ${slopes} slopes`,
        inputs,
        run: (t) => {
          const mean = tf.fill<tf.Rank.R1>(channels.shape, about + 0.5);
          const variance = tf.fill<tf.Rank.R1>(channels.shape, 3);
          return ops.batchNormPreluInference(...vectors(t), mean, variance, t.slope as tf.Tensor1D);
        },
      },
    ];
  }),
  {
    name: 'layerNorm',
    inputs: { x: { shape: [5, 9] }, gamma: { shape: [9] }, beta: { shape: [9] } },
    run: (t) => ops.layerNorm(t.x as tf.Tensor2D, t.gamma as tf.Tensor1D, t.beta as tf.Tensor1D),
  },
  ...Object.entries({
    hardSwish: ops.hardSwish,
    hardSigmoid: ops.hardSigmoid,
    relu: ops.relu,
    relu6: ops.relu6,
    silu: ops.silu,
    sigmoid: ops.sigmoid,
    gelu: ops.gelu,
    quickGelu: ops.quickGelu,
  }).flatMap(([name, run]) =>
    [5, 40].map(
      (high): OperationCase => ({
        name: `${name} up to ${high}`,
        inputs: { x: { shape: [3, 7], low: -high, high } },
        run: (t) => run(t.x),
      }),
    ),
  ),
  ...[
    { shape: [2, 5, 3, 6], slopes: 6 },
    { shape: [150, 2, 1, 4], slopes: 4 },
    { shape: [1, 3, 2, 3], slopes: 3 },
    { shape: [2, 3, 2, 5], slopes: 1 },
    { shape: [40, 8], slopes: 1 },
    { shape: [7], slopes: 7 },
  ].map(
    ({ shape, slopes }): OperationCase => ({
      name: `prelu of ${shape}, ${slopes} slopes`,
      inputs: { x: { shape }, slope: { shape: [slopes] } },
      run: (t) => ops.prelu(t.x, t.slope as tf.Tensor1D),
    }),
  ),
  ...[
    { shape: [2, 7, 6, 5], kernelSize: 3, stride: 2, padding: 1 },
    { shape: [1, 8, 9, 4], kernelSize: 2, stride: 2, padding: 0 },
    { shape: [1, 4, 5, 9], kernelSize: 3, stride: 1, padding: 1 },
    { shape: [1, 1, 2, 3], kernelSize: 5, stride: 2, padding: 2 },
    { shape: [2, 9, 7, 8], kernelSize: 3, stride: 2, padding: 1 },
    { shape: [1, 8, 7, 6], kernelSize: 2, stride: 3, padding: 1 },
  ].map(
    ({ shape, ...window }): OperationCase => ({
      name: `maxPool2d of ${shape}, ${window.kernelSize}x${window.kernelSize} stride ${window.stride}`,
      inputs: { x: { shape } },
      run: (t) => ops.maxPool2d(t.x as tf.Tensor4D, window),
    }),
  ),
  {
    name: 'globalAveragePool',
    inputs: { x: { shape: [2, 3, 5, 6] } },
    run: (t) => ops.globalAveragePool(t.x as tf.Tensor4D),
  },
  {
    name: 'scaleChannels',
    inputs: { x: { shape: [2, 3, 5, 6] }, gate: { shape: [2, 6] } },
    run: (t) => ops.scaleChannels(t.x as tf.Tensor4D, t.gate as tf.Tensor2D),
  },
  {
    name: 'selfAttention',
    inputs: { qkv: { shape: [2, 5, 18], low: -2, high: 2 } },
    run: (t) => ops.selfAttention(t.qkv as tf.Tensor3D, 2),
  },
  ...[[3, 2, 2, 3], [2, 3, 5, 4], [70, 3], [5]].map(
    (shape): OperationCase => ({
      name: `scaleSamples of ${shape}`,
      inputs: { x: { shape }, factors: { shape: [shape[0]] } },
      run: (t) => ops.scaleSamples(t.x, t.factors as tf.Tensor1D),
    }),
  ),
  {
    name: 'l2Normalize',
    inputs: { x: { shape: [5, 9] } },
    run: (t) => ops.l2Normalize(t.x as tf.Tensor2D),
  },
  {
    name: 'cosineLogits',
    inputs: { x: { shape: [4, 10] }, centers: { shape: [7, 10] } },
    run: (t) => ops.cosineLogits(t.x as tf.Tensor2D, t.centers as tf.Tensor2D),
  },
  {
    name: 'gatherRows, one row twice',
    inputs: { x: { shape: [5, 6] } },
    ids: { name: 'ids', values: [4, 0, 4] },
    run: (t) => ops.gatherRows(t.x as tf.Tensor2D, t.ids as tf.Tensor1D),
  },
  {
    name: 'scatterAddRows, one row twice',
    inputs: { x: { shape: [3, 6] } },
    ids: { name: 'ids', values: [1, 3, 1] },
    run: (t) => ops.scatterAddRows(t.x as tf.Tensor2D, t.ids as tf.Tensor1D, 4),
  },
  ...(['none', 'hard_swish'] as const).map(
    (activation): OperationCase => ({
      name: `batchNormInference ${activation}`,
      inputs: {
        x: { shape: [2, 5, 3, 6], low: -4, high: 6 },
        gamma: { shape: [6], low: 0.5, high: 2 },
        beta: { shape: [6] },
      },
      run: (t) =>
        ops.batchNormInference(
          t.x as tf.Tensor4D,
          t.gamma as tf.Tensor1D,
          t.beta as tf.Tensor1D,
          tf.tensor1d(fill(6, 7)),
          tf.tensor1d(fill(6, 8, 0.5, 3)),
          { activation },
        ),
    }),
  ),
  ...Object.entries({
    roundToBfloat16: ops.roundToBfloat16,
    roundToTensorFloat32: ops.roundToTensorFloat32,
  }).flatMap(([name, run]) =>
    [[3, 7], [64]].map(
      (shape): OperationCase => ({
        name: `${name} of ${shape}`,
        inputs: { x: { shape, low: -300, high: 300 } },
        run: (t) => run(t.x),
        straightThrough: (upstream) => upstream,
      }),
    ),
  ),
  {
    name: 'addBias',
    inputs: { x: { shape: [2, 3, 5, 6] }, bias: { shape: [6] } },
    run: (t) => ops.addBias(t.x as tf.Tensor4D, t.bias as tf.Tensor1D),
  },
];
