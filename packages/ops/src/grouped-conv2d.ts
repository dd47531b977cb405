import * as tf from '@tensorflow/tfjs-core';
import { checkFloat } from './check.js';
import { defineOp } from './define-op.js';
import { depthwise } from './depthwise-conv2d.js';
import { checkWindow, type Window, windowShape } from './window.js';

type Pair = { x: tf.Tensor4D; filter: tf.Tensor4D };

// Convolving the k-th input channel of every group with one filter per output is a depthwise convolution. The sum of these
// over k is the grouped convolution. No product with the zeros of a block-diagonal filter is computed.

/** Returns the k-th input channel of each group, repeated for each output of that group: [..., outChannels]. */
function takeMember(x: tf.Tensor4D, k: number, perGroup: number, outputs: number): tf.Tensor4D {
  const [n, h, w, c] = x.shape;
  const groups = c / perGroup;
  const one = tf.slice(tf.reshape(x, [n * h * w, groups, perGroup]), [0, 0, k], [-1, -1, 1]);
  // A broadcast sum: tf.tile is an order of magnitude slower on WebAssembly.
  const spread = outputs === 1 ? one : tf.add(one, tf.zeros([1, 1, outputs]));
  return tf.reshape(spread, [n, h, w, groups * outputs]);
}

/** Returns the filters of the k-th input channel of each group: [height, width, outChannels, 1]. */
function filtersOf(filter: tf.Tensor4D, k: number): tf.Tensor4D {
  const [kh, kw, , out] = filter.shape;
  return tf.reshape(tf.slice(filter, [0, 0, k, 0], [-1, -1, 1, -1]), [kh, kw, out, 1]);
}

const mapMembers = <T>(count: number, fn: (k: number) => T) => Array.from({ length: count }, (_, k) => fn(k));

const op = /* @__PURE__ */ defineOp<Pair, Window>({
  name: 'UnitsphereGroupedConv2d',
  compose: ({ x, filter }, window) => {
    const [, , perGroup, out] = filter.shape;
    const outputs = out / (x.shape[3] / perGroup);
    return mapMembers(perGroup, (k) =>
      depthwise(
        { x: takeMember(x, k, perGroup, outputs), filter: filtersOf(filter, k) },
        { ...window, precision: 'highest' },
      ),
    ).reduce((sum, part) => tf.add(sum, part));
  },
  inputsToSave: ['x', 'filter'],
  gradient: ([dyTensor], saved, { stride, padding }) => {
    const window = { stride, padding, precision: 'highest' } as const;
    const dy = dyTensor as tf.Tensor4D;
    const [x, filter] = saved as [tf.Tensor4D, tf.Tensor4D];
    const [n, h, w, c] = x.shape;
    const [kh, kw, perGroup, out] = filter.shape;
    const groups = c / perGroup;
    return {
      x: () => {
        const parts = mapMembers(perGroup, (k) => {
          const spread = depthwise.backpropInput(
            { dy, filter: filtersOf(filter, k) },
            { ...window, inputShape: [n, h, w, out] },
          );
          return tf.sum(tf.reshape(spread, [n * h * w, groups, out / groups]), 2);
        });
        return tf.reshape(tf.stack(parts, 2), x.shape);
      },
      filter: () => {
        const parts = mapMembers(perGroup, (k) => {
          const part = depthwise.backpropFilter(
            { x: takeMember(x, k, perGroup, out / groups), dy },
            { ...window, filterShape: [kh, kw, out, 1] },
          );
          return tf.reshape(part, [kh, kw, out]);
        });
        return tf.stack(parts, 2);
      },
    };
  },
});

/**
 * Computes a 2-D convolution in groups of channels, as torch.nn.functional.conv2d with groups, without bias or dilation.
 * It runs one depthwise convolution per input channel of a group, so it suits small groups. Products are always float32.
 * @param x float32 [batch, height, width, inChannels].
 * @param filter float32 [kernelHeight, kernelWidth, inChannels / groups, outChannels].
 * @param window Stride and zero padding on every side, in pixels.
 * @returns float32 [batch, outHeight, outWidth, outChannels].
 * @throws Error on a wrong rank or dtype, groups that do not divide the channels, or a kernel that does not fit.
 */
export function groupedConv2d(x: tf.Tensor4D, filter: tf.Tensor4D, window: Window): tf.Tensor4D {
  checkFloat('groupedConv2d', 'x', x, 4);
  checkFloat('groupedConv2d', 'filter', filter, 4);
  checkWindow('groupedConv2d', window);
  const [, , perGroup, out] = filter.shape;
  const groups = x.shape[3] / perGroup;
  if (!Number.isInteger(groups) || out % groups !== 0) {
    throw new Error(
      `groupedConv2d: groups of ${perGroup} channels do not divide ${x.shape[3]} channels in and ${out} out.`,
    );
  }
  windowShape('groupedConv2d', x.shape, filter.shape, window);
  return op({ x, filter }, window)[0] as tf.Tensor4D;
}
