import * as tf from '@tensorflow/tfjs-core';
import { checkFloat } from './check.js';
import { defineOp } from './define-op.js';
import { maxPool2dGradWasm, maxPool2dWasm } from './wasm/max-pool.js';
import { maxPool2dGradWebGpu, maxPool2dWebGpu } from './webgpu/max-pool.js';
import { checkWindow, type PoolWindow, windowShape } from './window.js';

/** Attributes of the stock pooling kernels, for which one number pads height and width alike. */
const stockAttrs = ({ kernelSize, stride, padding }: PoolWindow) => ({
  filterSize: [kernelSize, kernelSize],
  strides: [stride, stride],
  pad: padding,
});

const gradOp = /* @__PURE__ */ defineOp<{ x: tf.Tensor4D; y: tf.Tensor4D; dy: tf.Tensor4D }, PoolWindow>({
  name: 'UnitsphereMaxPool2dGrad',
  compose: ({ x, y, dy }, window) =>
    tf.engine().runKernel(tf.MaxPoolGrad, { dy, input: x, output: y }, stockAttrs(window)) as tf.Tensor,
  kernels: { wasm: maxPool2dGradWasm, webgpu: maxPool2dGradWebGpu },
});

const op = /* @__PURE__ */ defineOp<{ x: tf.Tensor4D }, PoolWindow>({
  name: 'UnitsphereMaxPool2d',
  compose: ({ x }, { kernelSize, stride, padding }) => tf.maxPool(x, kernelSize, stride, padding),
  inputsToSave: ['x'],
  outputsToSave: [true],
  gradient: ([dy], [x, y], window) => ({
    x: () => gradOp({ x: x as tf.Tensor4D, y: y as tf.Tensor4D, dy: dy as tf.Tensor4D }, window)[0],
  }),
  kernels: { wasm: maxPool2dWasm, webgpu: maxPool2dWebGpu },
});

/**
 * Computes the maximum of each window, as torch.nn.functional.max_pool2d. The gradient goes to the first
 * of several equal maxima in row-major order. In our kernels NaN is the maximum and the last NaN receives the gradient, as in PyTorch. The
 * stock kernels of other backends ignore NaN.
 * @param x float32 [batch, height, width, channels].
 * @param window Size, stride and padding in pixels; padding is never the maximum.
 * @returns float32 [batch, outHeight, outWidth, channels]; each size is floor((size + 2·padding − kernel) / stride) + 1.
 * @throws Error on a wrong rank or dtype, a padding of more than half the kernel, or a kernel that does not fit.
 */
export function maxPool2d(x: tf.Tensor4D, window: PoolWindow): tf.Tensor4D {
  checkFloat('maxPool2d', 'x', x, 4);
  checkWindow('maxPool2d', window);
  const { kernelSize, padding } = window;
  if (!Number.isInteger(kernelSize) || kernelSize < 1)
    throw new Error(`maxPool2d: kernelSize must be a positive integer, not ${kernelSize}.`);
  if (padding > kernelSize / 2)
    throw new Error(`maxPool2d: padding must be at most half of kernelSize ${kernelSize}, not ${padding}.`);
  windowShape('maxPool2d', x.shape, [kernelSize, kernelSize], window);
  return op({ x }, window)[0] as tf.Tensor4D;
}
