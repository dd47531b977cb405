import type * as tf from '@tensorflow/tfjs-core';
import * as ops from '@unitsphere/ops';

/** Minimum cost of an operation: the bytes of all values, each read or written once, and all multiplications and additions. */
export interface Cost {
  bytes: number;
  flops: number;
}

/** One operation at one shape. */
export interface OpCase {
  name: string;
  /** Shapes of the float32 inputs, which are filled with random values in [`low`, 1). All of them are differentiated. */
  inputs: number[][];
  /** Default: −1. */
  low?: number;
  /** Number of row indices that the operation takes, drawn from [0, `below`). Default: none. */
  ids?: { count: number; below: number };
  /** Whether the first input is the batch of images, which needs no gradient. */
  ofImages?: boolean;
  /** Runs the operation. Returns one tensor if it has a gradient, and undefined if it updates its inputs in place. */
  run(inputs: tf.Variable[], ids: tf.Tensor1D): tf.TensorContainer | undefined;
  forward: Cost;
  /** Cost of the gradient alone. Undefined if the operation has none. */
  gradient?: Cost;
}

const BATCH = 32;
const FLOAT = 4;

const size = (shape: readonly number[]) => shape.reduce((a, b) => a * b, 1);
const matrix = (x: tf.Tensor | undefined) => x as tf.Tensor2D;
const bytes = (...shapes: number[][]) => FLOAT * shapes.reduce((sum, shape) => sum + size(shape), 0);

function convolution(
  kind: 'conv2d' | 'depthwiseConv2d',
  side: number,
  channels: number,
  filter: [number, number, number, number],
  stride = 1,
): OpCase {
  const [kernel, , , last] = filter;
  const depthwise = kind === 'depthwiseConv2d';
  const outChannels = depthwise ? channels : last;
  const x = [BATCH, side, side, channels];
  const y = [BATCH, side / stride, side / stride, outChannels];
  const flops = 2 * size(y) * kernel * kernel * (depthwise ? 1 : channels);
  const window = { stride, padding: (kernel - 1) / 2 };
  const ofImages = channels === 3;
  const convolve = depthwise ? ops.depthwiseConv2d : ops.conv2d;
  const what = depthwise ? `depthwise ${kernel}×${kernel}` : `conv ${kernel}×${kernel}`;
  return {
    name: `${what}${stride > 1 ? `, stride ${stride}` : ''}, ${channels}→${outChannels} at ${side}×${side}`,
    inputs: [x, filter],
    ofImages,
    run: ([image, weights]) => convolve(image as tf.Tensor4D, weights as tf.Tensor4D, window),
    forward: { flops, bytes: bytes(x, filter, y) },
    gradient: ofImages
      ? { flops, bytes: bytes(x, y, filter) }
      : { flops: 2 * flops, bytes: bytes(x, filter, y, x, filter) },
  };
}

const conv = (kernel: number, side: number, from: number, to: number, stride?: number) =>
  convolution('conv2d', side, from, [kernel, kernel, from, to], stride);
const depthwise = (kernel: number, side: number, channels: number, stride?: number) =>
  convolution('depthwiseConv2d', side, channels, [kernel, kernel, channels, 1], stride);

function batchNorm(side: number, channels: number): OpCase {
  const x = [BATCH, side, side, channels];
  return {
    name: `batch norm + hard-swish, ${channels} at ${side}×${side}`,
    inputs: [x, [channels], [channels]],
    run: ([image, gamma, beta]) =>
      ops.batchNormTrain(image as tf.Tensor4D, gamma as tf.Tensor1D, beta as tf.Tensor1D, {
        activation: 'hard_swish',
      }).y,
    forward: { bytes: bytes(x, x), flops: 10 * size(x) },
    gradient: { bytes: bytes(x, x, x), flops: 20 * size(x) },
  };
}

function batchNormPrelu(side: number, channels: number): OpCase {
  const x = [BATCH, side, side, channels];
  return {
    name: `batch norm + PReLU, ${channels} at ${side}×${side}`,
    inputs: [x, [channels], [channels], [channels]],
    run: ([image, gamma, beta, slope]) =>
      ops.batchNormPreluTrain(
        image as tf.Tensor4D,
        gamma as tf.Tensor1D,
        beta as tf.Tensor1D,
        slope as tf.Tensor as tf.Tensor1D,
      ).y,
    forward: { bytes: bytes(x, x), flops: 8 * size(x) },
    gradient: { bytes: bytes(x, x, x), flops: 18 * size(x) },
  };
}

function prelu(side: number, channels: number): OpCase {
  const x = [BATCH, side, side, channels];
  return {
    name: `PReLU, ${channels} at ${side}×${side}`,
    inputs: [x, [channels]],
    run: ([image, slope]) => ops.prelu(image as tf.Tensor, slope as tf.Tensor as tf.Tensor1D),
    forward: { bytes: bytes(x, x), flops: size(x) },
    gradient: { bytes: bytes(x, x, x), flops: 3 * size(x) },
  };
}

function maxPool(side: number, channels: number): OpCase {
  const [kernelSize, stride] = [3, 2];
  const [x, y] = [
    [BATCH, side, side, channels],
    [BATCH, side / stride, side / stride, channels],
  ];
  const flops = kernelSize ** 2 * size(y);
  return {
    name: `max pool ${kernelSize}×${kernelSize}, stride ${stride}, ${channels} at ${side}×${side}`,
    inputs: [x],
    run: ([image]) => ops.maxPool2d(image as tf.Tensor4D, { kernelSize, stride, padding: 1 }),
    forward: { bytes: bytes(x, y), flops },
    // The backward pass finds the positions of the maxima again.
    gradient: { bytes: bytes(x, y, x), flops: 2 * flops },
  };
}

function scaleSamples(side: number, channels: number): OpCase {
  const x = [BATCH, side, side, channels];
  return {
    name: `scale each sample, ${channels} at ${side}×${side}`,
    inputs: [x, [BATCH]],
    run: ([image, factors]) => ops.scaleSamples(image as tf.Tensor, factors as tf.Tensor as tf.Tensor1D),
    forward: { bytes: bytes(x, x), flops: size(x) },
    gradient: { bytes: bytes(x, x, x), flops: 3 * size(x) },
  };
}

function squeezeExcite(side: number, channels: number): OpCase {
  const x = [BATCH, side, side, channels];
  return {
    name: `squeeze-and-excitation, pool and gate, ${channels} at ${side}×${side}`,
    inputs: [x],
    run: ([image]) =>
      ops.scaleChannels(
        image as tf.Tensor4D,
        ops.hardSigmoid(ops.globalAveragePool(image as tf.Tensor4D)) as tf.Tensor2D,
      ),
    forward: { bytes: bytes(x, x), flops: 2 * size(x) },
    gradient: { bytes: bytes(x, x, x), flops: 4 * size(x) },
  };
}

function linear(from: number, to: number): OpCase {
  const [x, weight, y] = [
    [BATCH, from],
    [to, from],
    [BATCH, to],
  ];
  const flops = 2 * BATCH * from * to;
  return {
    name: `linear ${from}→${to}`,
    inputs: [x, weight],
    run: ([rows, weights]) => ops.linear(rows as tf.Tensor2D, weights as tf.Tensor2D),
    forward: { bytes: bytes(x, weight, y), flops },
    gradient: { bytes: bytes(x, weight, y, x, weight), flops: 2 * flops },
  };
}

function layerNorm(features: number): OpCase {
  const x = [BATCH, features];
  return {
    name: `layer norm, ${features}`,
    inputs: [x, [features], [features]],
    run: ([rows, gamma, beta]) =>
      ops.layerNorm(rows as tf.Tensor2D, gamma as tf.Tensor1D, beta as tf.Tensor1D),
    forward: { bytes: bytes(x, x), flops: 8 * size(x) },
    gradient: { bytes: bytes(x, x, x), flops: 16 * size(x) },
  };
}

function cosines(classes: number, embedding: number): OpCase {
  const [x, centers, y] = [
    [BATCH, embedding],
    [classes, embedding],
    [BATCH, classes],
  ];
  const flops = 2 * BATCH * embedding * classes;
  return {
    name: `cosine logits, ${classes.toLocaleString('en')} classes`,
    inputs: [x, centers],
    run: ([rows, weights]) => ops.cosineLogits(rows as tf.Tensor2D, weights as tf.Tensor2D),
    forward: { bytes: bytes(x, centers, y), flops: flops + 3 * size(centers) },
    gradient: { bytes: bytes(x, centers, y, x, centers), flops: 2 * flops + 6 * size(centers) },
  };
}

function marginSoftmax(classes: number, embedding: number): OpCase[] {
  const [x, centers, column] = [[BATCH, embedding], [classes, embedding], [BATCH]];
  const product = 2 * BATCH * classes * embedding;
  const ids = { count: BATCH, below: classes };
  // Random rows do not have unit length: at the usual scale of 64 their exponentials would overflow.
  const options = { scale: 1, rows: BATCH };
  const exponential = 10;
  const name = `${classes.toLocaleString('en')} classes`;
  return [
    {
      name: `margin softmax, ${name}`,
      inputs: [x, centers],
      ids,
      run: ([rows, weights], labels) => ({
        ...ops.marginSoftmaxForward(matrix(rows), matrix(weights), labels, options),
      }),
      forward: {
        bytes: bytes(x, centers, column, column, column, [classes]),
        flops: product + 2 * size(centers) + (exponential + 3) * BATCH * classes,
      },
    },
    {
      name: `margin softmax gradient, ${name}`,
      inputs: [x, centers, [classes], column, column],
      ids,
      run: ([rows, weights, inverseNorms, logSumExp, ownGradient], labels) => ({
        ...ops.marginSoftmaxBackward(
          {
            embeddings: matrix(rows),
            centers: matrix(weights),
            labels,
            inverseNorms: inverseNorms as tf.Tensor as tf.Tensor1D,
            logSumExp: logSumExp as tf.Tensor as tf.Tensor1D,
            ownGradient: ownGradient as tf.Tensor as tf.Tensor1D,
          },
          options,
        ),
      }),
      // Three matrix products, because the logits are recomputed.
      forward: {
        bytes: bytes(x, centers, [classes], column, column, x, centers),
        flops: 3 * product + 6 * size(centers) + (exponential + 3) * BATCH * classes,
      },
    },
  ];
}

function adamW(values: number): OpCase {
  const x = [values];
  const step = { lr: 1e-3, beta1: 0.9, beta2: 0.999, eps: 1e-8, weightDecay: 1e-3, step: 10 };
  return {
    name: `AdamW, ${(values / 1e6).toFixed(1)} million values`,
    inputs: [x, x, x, x],
    // The second moments must not be negative.
    low: 0,
    run: ([parameter, gradient, expAvg, expAvgSq]) => {
      ops.adamWUpdate(parameter, gradient, expAvg, expAvgSq, step);
      return undefined;
    },
    forward: { bytes: bytes(x, x, x, x, x, x, x), flops: 14 * values },
  };
}

function gather(rows: number, count: number, dimensions: number): OpCase {
  const [x, y] = [
    [rows, dimensions],
    [count, dimensions],
  ];
  return {
    name: `gather ${count.toLocaleString('en')} of ${rows.toLocaleString('en')} rows of ${dimensions}`,
    inputs: [x],
    ids: { count, below: rows },
    run: ([table], ids) => ops.gatherRows(table as tf.Tensor as tf.Tensor2D, ids),
    forward: { bytes: bytes(y, y), flops: 0 },
    // The gradient is dense: it is zero for the rows that were not gathered.
    gradient: { bytes: bytes(y, x, y), flops: size(y) },
  };
}

/**
 * The operations of a training step of LCNet-050 at 128 px with a batch of 32 and the loss over 10,000 classes, and the
 * additional operations of IResNet, ResNet and stochastic depth.
 */
export const opCases: OpCase[] = [
  conv(3, 128, 3, 8, 2),
  conv(1, 64, 8, 16),
  conv(1, 32, 32, 32),
  conv(1, 16, 64, 64),
  conv(1, 8, 128, 128),
  conv(1, 4, 256, 256),
  depthwise(3, 64, 8),
  depthwise(3, 64, 16, 2),
  depthwise(3, 32, 32),
  depthwise(5, 8, 128),
  depthwise(5, 8, 128, 2),
  depthwise(5, 4, 256),
  batchNorm(64, 16),
  batchNorm(16, 64),
  batchNorm(8, 128),
  batchNormPrelu(32, 64),
  batchNormPrelu(8, 256),
  prelu(32, 64),
  maxPool(32, 64),
  scaleSamples(16, 64),
  squeezeExcite(4, 256),
  linear(1024, 256),
  layerNorm(256),
  cosines(10_000, 256),
  ...marginSoftmax(10_000, 256),
  adamW(2_560_000),
  gather(10_000, 1000, 256),
];
