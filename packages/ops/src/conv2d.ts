import * as tf from '@tensorflow/tfjs-core';
import { checkEqual, checkFloat } from './check.js';
import { defineOp } from './define-op.js';
import { conv2dBackpropFilterWasm, conv2dBackpropInputWasm, conv2dWasm } from './wasm/conv2d.js';
import { checkWindow, stockPadding, type Window, windowShape } from './window.js';

const backpropInput = /* @__PURE__ */ defineOp<
  { dy: tf.Tensor4D; filter: tf.Tensor4D },
  Window & { inputShape: number[] }
>({
  name: 'UnitsphereConv2dBackpropInput',
  compose: ({ dy, filter }, { stride, padding, inputShape }) =>
    tf
      .engine()
      .runKernel(
        tf.Conv2DBackpropInput,
        { dy, filter },
        { strides: [stride, stride], pad: stockPadding(padding), dataFormat: 'NHWC', inputShape },
      ) as tf.Tensor,
  kernels: { wasm: conv2dBackpropInputWasm },
});

const backpropFilter = /* @__PURE__ */ defineOp<
  { x: tf.Tensor4D; dy: tf.Tensor4D },
  Window & { filterShape: number[] }
>({
  name: 'UnitsphereConv2dBackpropFilter',
  compose: ({ x, dy }, { stride, padding, filterShape }) =>
    tf
      .engine()
      .runKernel(
        tf.Conv2DBackpropFilter,
        { x, dy },
        { strides: [stride, stride], pad: stockPadding(padding), dataFormat: 'NHWC', filterShape },
      ) as tf.Tensor,
  kernels: { wasm: conv2dBackpropFilterWasm },
});

const op = /* @__PURE__ */ defineOp<{ x: tf.Tensor4D; filter: tf.Tensor4D }, Window>({
  name: 'UnitsphereConv2d',
  compose: ({ x, filter }, { stride, padding }) => tf.conv2d(x, filter, stride, stockPadding(padding)),
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
  kernels: { wasm: conv2dWasm },
});

/**
 * 2-D convolution (cross-correlation), as torch.nn.functional.conv2d without bias, groups or dilation.
 * @param x float32 [batch, height, width, inChannels].
 * @param filter float32 [kernelHeight, kernelWidth, inChannels, outChannels] (HWIO).
 * @param window stride and zero padding on every side, in pixels.
 * @returns float32 [batch, outHeight, outWidth, outChannels], sizes floor((size + 2·padding − kernel) / stride) + 1.
 * @throws Error on a wrong rank, dtype or channel count, or when the kernel is larger than the padded image.
 */
export function conv2d(x: tf.Tensor4D, filter: tf.Tensor4D, window: Window): tf.Tensor4D {
  checkFloat('conv2d', 'x', x, 4);
  checkFloat('conv2d', 'filter', filter, 4);
  checkEqual('conv2d', "the image's channel count", x.shape[3], filter.shape[2]);
  checkWindow('conv2d', window);
  windowShape('conv2d', x.shape, filter.shape, window);
  return op({ x, filter }, window)[0] as tf.Tensor4D;
}
