/** Error messages of the checks: the operation, what is wrong and what is expected. */
import * as tf from '@tensorflow/tfjs-core';
import { start } from '@unitsphere/testing/backends';
import { beforeAll, describe, expect, test } from 'vitest';
import * as ops from '../src/index.js';

type T1 = tf.Tensor1D;
type T2 = tf.Tensor2D;
type T4 = tf.Tensor4D;
const t = <T extends tf.Tensor>(...shape: number[]) => tf.ones(shape) as T;
const ints = (...shape: number[]) => tf.ones(shape, 'int32');
const same = { stride: 1, padding: 1 };

const cases: [string, () => unknown, string][] = [
  [
    'rank',
    () => ops.conv2d(t<T4>(5, 5, 3), t<T4>(3, 3, 3, 8), same),
    'conv2d: x must have 4 dimensions, but its shape is [5,5,3].',
  ],
  [
    'dtype',
    () => ops.conv2d(ints(1, 5, 5, 3) as T4, t<T4>(3, 3, 3, 8), same),
    'conv2d: x must be float32, not int32.',
  ],
  [
    'filter',
    () => ops.conv2d(t<T4>(1, 5, 5, 3), t<T4>(3, 3), same),
    'conv2d: filter must have 4 dimensions, but its shape is [3,3].',
  ],
  [
    'channels',
    () => ops.conv2d(t<T4>(1, 5, 5, 3), t<T4>(3, 3, 4, 8), same),
    "conv2d: the image's channel count is 3, but 4 was expected.",
  ],
  [
    'empty batch',
    () => ops.conv2d(t<T4>(0, 5, 5, 3), t<T4>(3, 3, 3, 8), same),
    'conv2d: x is empty: its shape is [0,5,5,3].',
  ],
  [
    'stride 0',
    () => ops.conv2d(t<T4>(1, 5, 5, 3), t<T4>(3, 3, 3, 8), { stride: 0, padding: 1 }),
    'conv2d: stride must be a positive integer, not 0.',
  ],
  [
    'fractional stride',
    () => ops.conv2d(t<T4>(1, 5, 5, 3), t<T4>(3, 3, 3, 8), { stride: 1.5, padding: 1 }),
    'conv2d: stride must be a positive integer, not 1.5.',
  ],
  [
    'negative padding',
    () => ops.conv2d(t<T4>(1, 5, 5, 3), t<T4>(3, 3, 3, 8), { stride: 1, padding: -1 }),
    'conv2d: padding must be a non-negative integer, not -1.',
  ],
  [
    'missing padding',
    () => ops.conv2d(t<T4>(1, 5, 5, 3), t<T4>(3, 3, 3, 8), { stride: 1 } as ops.Window),
    'conv2d: padding must be a non-negative integer, not undefined.',
  ],
  [
    'kernel too large',
    () => ops.conv2d(t<T4>(1, 2, 9, 3), t<T4>(5, 5, 3, 8), same),
    'conv2d: a 5x5 kernel does not fit an image of 2x9 with padding 1.',
  ],
  [
    'depthwise channels',
    () => ops.depthwiseConv2d(t<T4>(1, 5, 5, 3), t<T4>(3, 3, 4, 1), same),
    "depthwiseConv2d: the image's channel count is 3, but 4 was expected.",
  ],
  [
    'depthwise multiplier',
    () => ops.depthwiseConv2d(t<T4>(1, 5, 5, 3), t<T4>(3, 3, 3, 2), same),
    'depthwiseConv2d: the channel multiplier is 2, but 1 was expected.',
  ],
  [
    'depthwise stride',
    () => ops.depthwiseConv2d(t<T4>(1, 5, 5, 3), t<T4>(3, 3, 3, 1), { stride: -1, padding: 0 }),
    'depthwiseConv2d: stride must be a positive integer, not -1.',
  ],
  [
    'depthwise kernel',
    () => ops.depthwiseConv2d(t<T4>(1, 2, 2, 3), t<T4>(3, 3, 3, 1), { stride: 1, padding: 0 }),
    'depthwiseConv2d: a 3x3 kernel does not fit an image of 2x2 with padding 0.',
  ],
  [
    'groupedConv2d groups',
    () => ops.groupedConv2d(t<T4>(1, 5, 5, 6), t<T4>(3, 3, 4, 6), same),
    'groupedConv2d: groups of 4 channels do not divide 6 channels in and 6 out.',
  ],
  [
    'matMul rank',
    () => ops.matMul(t<T2>(3), t<T2>(3, 2)),
    'matMul: a must have 2 dimensions, but its shape is [3].',
  ],
  [
    'matMul sizes',
    () => ops.matMul(t<T2>(2, 3), t<T2>(4, 5)),
    "matMul: b's inner size is 4, but 3 was expected.",
  ],
  [
    'matMul sizes, transposed',
    () => ops.matMul(t<T2>(2, 3), t<T2>(2, 5), false, true),
    "matMul: b's inner size is 5, but 3 was expected.",
  ],
  [
    'linear features',
    () => ops.linear(t<T2>(2, 3), t<T2>(5, 4)),
    'linear: the number of input features is 3, but 4 was expected.',
  ],
  [
    'linear bias',
    () => ops.linear(t<T2>(2, 3), t<T2>(5, 3), t<T1>(3)),
    "addBias: bias's length is 3, but 5 was expected.",
  ],
  [
    'addBias rank',
    () => ops.addBias(t<T2>(2, 3), t<T1>(1, 3)),
    'addBias: bias must have 1 dimensions, but its shape is [1,3].',
  ],
  [
    'batchNormTrain rank',
    () => ops.batchNormTrain(t<T1>(4), t<T1>(4), t<T1>(4)),
    'batchNormTrain: x must have at least 2 dimensions, but its shape is [4].',
  ],
  [
    'batchNormTrain gamma',
    () => ops.batchNormTrain(t<T2>(2, 3), t<T1>(4), t<T1>(3)),
    'batchNormTrain: gamma has 4 values, but there are 3 channels.',
  ],
  [
    'batchNormTrain batch of one',
    () => ops.batchNormTrain(t<T2>(1, 3), t<T1>(3), t<T1>(3)),
    'batchNormTrain: shape [1,3] has one value per channel; training statistics require at least 2. Use a larger batch.',
  ],
  [
    'batchNormTrain dtype',
    () => ops.batchNormTrain(t<T2>(2, 3), t<T1>(3), ints(3) as T1),
    'batchNormTrain: beta must be float32, not int32.',
  ],
  [
    'batchNormInference mean',
    () => ops.batchNormInference(t<T2>(2, 3), t<T1>(3), t<T1>(3), t<T1>(2), t<T1>(3)),
    'batchNormInference: mean has 2 values, but there are 3 channels.',
  ],
  [
    'batchNormInference variance',
    () => ops.batchNormInference(t<T2>(2, 3), t<T1>(3), t<T1>(3), t<T1>(3), t<T1>(3, 1)),
    'batchNormInference: variance must have 1 dimensions, but its shape is [3,1].',
  ],
  [
    'layerNorm rank',
    () => ops.layerNorm(t<T1>(3), t<T1>(3), t<T1>(3)),
    'layerNorm: x must have at least 2 dimensions, but its shape is [3].',
  ],
  [
    'layerNorm beta',
    () => ops.layerNorm(t<T2>(2, 3), t<T1>(3), t<T1>(2)),
    'layerNorm: beta has 2 values, but there are 3 channels.',
  ],
  ['hardSwish', () => ops.hardSwish(ints(2)), 'hardSwish: x must be float32, not int32.'],
  [
    'hardSigmoid',
    () => ops.hardSigmoid(tf.tensor([true], [1], 'bool')),
    'hardSigmoid: x must be float32, not bool.',
  ],
  ['relu', () => ops.relu(t(0, 3)), 'relu: x is empty: its shape is [0,3].'],
  ['gelu', () => ops.gelu(ints(2)), 'gelu: x must be float32, not int32.'],
  ['quickGelu', () => ops.quickGelu(ints(2)), 'quickGelu: x must be float32, not int32.'],
  [
    'selfAttention',
    () => ops.selfAttention(t<tf.Tensor3D>(1, 2, 12), 3),
    'selfAttention: the 12 channels of qkv must be a multiple of 3 · heads = 9.',
  ],
  ['relu6', () => ops.relu6(ints(2)), 'relu6: x must be float32, not int32.'],
  ['silu', () => ops.silu(ints(2)), 'silu: x must be float32, not int32.'],
  ['sigmoid', () => ops.sigmoid(ints(2)), 'sigmoid: x must be float32, not int32.'],
  ['prelu scalar', () => ops.prelu(t(), t<T1>(1)), 'prelu: x must have a channel axis, but it is a scalar.'],
  [
    'prelu slope',
    () => ops.prelu(t(2, 3), t<T1>(2)),
    'prelu: slope has 2 values for 3 channels. Give one value per channel, or one for all.',
  ],
  ['prelu empty', () => ops.prelu(t(0, 3), t<T1>(3)), 'prelu: x is empty: its shape is [0,3].'],
  [
    'batchNormPreluTrain slope',
    () => ops.batchNormPreluTrain(t<T2>(2, 3), t<T1>(3), t<T1>(3), t<T1>(2)),
    'batchNormPreluTrain: slope has 2 values for 3 channels. Give one value per channel, or one for all.',
  ],
  [
    'batchNormPreluTrain slope rank',
    () => ops.batchNormPreluTrain(t<T2>(2, 3), t<T1>(3), t<T1>(3), t<T1>(1, 3)),
    'batchNormPreluTrain: slope must have 1 dimensions, but its shape is [1,3].',
  ],
  [
    'batchNormPreluTrain batch of one',
    () => ops.batchNormPreluTrain(t<T2>(1, 3), t<T1>(3), t<T1>(3), t<T1>(1)),
    'batchNormPreluTrain: shape [1,3] has one value per channel; training statistics require at least 2. Use a larger batch.',
  ],
  [
    'batchNormPreluTrain empty',
    () => ops.batchNormPreluTrain(t<T2>(0, 3), t<T1>(3), t<T1>(3), t<T1>(3)),
    'batchNormPreluTrain: x is empty: its shape is [0,3].',
  ],
  [
    'batchNormPreluInference variance',
    () => ops.batchNormPreluInference(t<T2>(2, 3), t<T1>(3), t<T1>(3), t<T1>(3), t<T1>(1), t<T1>(3)),
    'batchNormPreluInference: variance has 1 values, but there are 3 channels.',
  ],
  [
    'maxPool2d empty',
    () => ops.maxPool2d(t<T4>(0, 4, 4, 2), { kernelSize: 2, stride: 2, padding: 0 }),
    'maxPool2d: x is empty: its shape is [0,4,4,2].',
  ],
  [
    'maxPool2d size',
    () => ops.maxPool2d(t<T4>(1, 4, 4, 2), { kernelSize: 0, stride: 1, padding: 0 }),
    'maxPool2d: kernelSize must be a positive integer, not 0.',
  ],
  [
    'maxPool2d padding',
    () => ops.maxPool2d(t<T4>(1, 4, 4, 2), { kernelSize: 3, stride: 1, padding: 2 }),
    'maxPool2d: padding must be at most half of kernelSize 3, not 2.',
  ],
  [
    'maxPool2d kernel',
    () => ops.maxPool2d(t<T4>(1, 2, 4, 2), { kernelSize: 3, stride: 1, padding: 0 }),
    'maxPool2d: a 3x3 kernel does not fit an image of 2x4 with padding 0.',
  ],
  [
    'globalAveragePool',
    () => ops.globalAveragePool(t<T4>(2, 3, 4)),
    'globalAveragePool: x must have 4 dimensions, but its shape is [2,3,4].',
  ],
  [
    'scaleChannels batch',
    () => ops.scaleChannels(t<T4>(2, 3, 3, 4), t<T2>(1, 4)),
    "scaleChannels: the gate's batch is 1, but 2 was expected.",
  ],
  [
    'scaleChannels channels',
    () => ops.scaleChannels(t<T4>(2, 3, 3, 4), t<T2>(2, 3)),
    "scaleChannels: the gate's channel count is 3, but 4 was expected.",
  ],
  [
    'scaleSamples',
    () => ops.scaleSamples(t(2, 3), t<T1>(3)),
    'scaleSamples: the number of factors is 3, but 2 was expected.',
  ],
  [
    'count within a count',
    () => ops.countMultiplyAdds(() => ops.countMultiplyAdds(() => undefined)),
    'countMultiplyAdds: a count is already running. Do not nest counts.',
  ],
  [
    'l2Normalize',
    () => ops.l2Normalize(t<T2>(3)),
    'l2Normalize: x must have 2 dimensions, but its shape is [3].',
  ],
  [
    'cosineLogits',
    () => ops.cosineLogits(t<T2>(2, 3), t<T2>(5, 4)),
    "cosineLogits: the class centers' number of dimensions is 4, but 3 was expected.",
  ],
  [
    'gatherRows',
    () => ops.gatherRows(t<T2>(3, 2), t<T1>(2)),
    'gatherRows: ids must be an int32 vector, not float32 of shape [2].',
  ],
  [
    'gatherRows rank',
    () => ops.gatherRows(t<T2>(3, 2), ints(2, 1) as never),
    'gatherRows: ids must be an int32 vector, not int32 of shape [2,1].',
  ],
  [
    'scatterAddRows',
    () => ops.scatterAddRows(t<T2>(3, 2), ints(2) as T1, 4),
    'scatterAddRows: x has 3 rows, but ids has 2 values.',
  ],
  [
    'scatterAddRows rows',
    () => ops.scatterAddRows(t<T2>(3, 2), ints(3) as T1, -1),
    'scatterAddRows: rows must be a positive integer, not -1.',
  ],
];

describe('refuses and explains', () => {
  beforeAll(() => start('cpu'));
  test.each(cases)('%s', (_what, call, message) => {
    tf.tidy(() => {
      expect(call).toThrow(message);
    });
  });
});
