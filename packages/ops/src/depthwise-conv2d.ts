import * as tf from '@tensorflow/tfjs-core';
import { checkEqual, checkFloat } from './check.js';
import { defineOp } from './define-op.js';
import {
  depthwiseBackpropFilterWasm,
  depthwiseBackpropInputWasm,
  depthwiseWasm,
} from './wasm/depthwise-conv2d.js';
import { checkWindow, stockPadding, type Window, windowShape } from './window.js';

const stockAttrs = ({ stride, padding }: Window) => ({
  strides: [stride, stride],
  pad: stockPadding(padding),
  dilations: [1, 1],
});

const backpropInput = /* @__PURE__ */ defineOp<
  { dy: tf.Tensor4D; filter: tf.Tensor4D },
  Window & { inputShape: number[] }
>({
  name: 'UnitsphereDepthwiseConv2dBackpropInput',
  compose: ({ dy, filter }, { inputShape, ...window }) =>
    tf
      .engine()
      .runKernel(
        tf.DepthwiseConv2dNativeBackpropInput,
        { dy, filter },
        { ...stockAttrs(window), inputShape },
      ) as tf.Tensor,
  kernels: { wasm: depthwiseBackpropInputWasm },
});

const backpropFilter = /* @__PURE__ */ defineOp<
  { x: tf.Tensor4D; dy: tf.Tensor4D },
  Window & { filterShape: number[] }
>({
  name: 'UnitsphereDepthwiseConv2dBackpropFilter',
  compose: ({ x, dy }, { filterShape, ...window }) =>
    tf
      .engine()
      .runKernel(
        tf.DepthwiseConv2dNativeBackpropFilter,
        { x, dy },
        { ...stockAttrs(window), filterShape },
      ) as tf.Tensor,
  kernels: { wasm: depthwiseBackpropFilterWasm },
});

const op = /* @__PURE__ */ defineOp<{ x: tf.Tensor4D; filter: tf.Tensor4D }, Window>({
  name: 'UnitsphereDepthwiseConv2d',
  compose: ({ x, filter }, { stride, padding }) =>
    tf.depthwiseConv2d(x, filter, stride, stockPadding(padding)),
  inputsToSave: ['x', 'filter'],
  gradient: ([dy], [x, filter], { stride, padding }) => ({
    x: () =>
      backpropInput(
        { dy: dy as tf.Tensor4D, filter: filter as tf.Tensor4D },
        { stride, padding, inputShape: x!.shape },
      )[0]!,
    filter: () =>
      backpropFilter(
        { x: x as tf.Tensor4D, dy: dy as tf.Tensor4D },
        { stride, padding, filterShape: filter!.shape },
      )[0]!,
  }),
  kernels: { wasm: depthwiseWasm },
});

/**
 * Depthwise convolution with one filter a channel: torch.nn.functional.conv2d with groups = channels, without bias.
 * @param x float32 [batch, height, width, channels].
 * @param filter float32 [kernelHeight, kernelWidth, channels, 1].
 * @param window stride and zero padding on every side, in pixels.
 * @returns float32 [batch, outHeight, outWidth, channels].
 * @throws Error on a wrong rank, dtype or channel count, a channel multiplier other than 1, or a kernel that does not fit.
 */
export function depthwiseConv2d(x: tf.Tensor4D, filter: tf.Tensor4D, window: Window): tf.Tensor4D {
  checkFloat('depthwiseConv2d', 'x', x, 4);
  checkFloat('depthwiseConv2d', 'filter', filter, 4);
  checkEqual('depthwiseConv2d', "the image's channel count", x.shape[3], filter.shape[2]);
  checkEqual('depthwiseConv2d', 'the channel multiplier', filter.shape[3], 1);
  checkWindow('depthwiseConv2d', window);
  windowShape('depthwiseConv2d', x.shape, filter.shape, window);
  return op({ x, filter }, window)[0] as tf.Tensor4D;
}
