import type * as tf from '@tensorflow/tfjs-core';
import type { Kernel } from '../define-op.js';
import { type Window, windowShape } from '../window.js';
import { wasmRuntime } from './runtime.js';

/** The sizes that the three kernels take between their first tensors and their last. */
function sizes(imageShape: number[], filterShape: number[], window: Window) {
  const [n, h, w, c] = imageShape as [number, number, number, number];
  const [kh, kw] = filterShape as [number, number];
  const [oh, ow] = windowShape('depthwiseConv2d', imageShape, filterShape, window);
  const { stride, padding } = window;
  return {
    image: [n, h, w, c],
    kernel: [kh, kw, stride, stride, padding, padding, oh, ow],
    outShape: [n, oh, ow, c],
  };
}

export const depthwiseWasm: Kernel<{ x: tf.Tensor4D; filter: tf.Tensor4D }, Window> = ({
  inputs,
  attrs,
  backend,
}) => {
  const runtime = wasmRuntime(backend);
  const { x, filter } = inputs;
  const { image, kernel, outShape } = sizes(x.shape, filter.shape, attrs);
  const y = runtime.output(outShape);
  runtime.kernels.depthwise(
    runtime.pointer(x),
    ...image,
    runtime.pointer(filter),
    ...kernel,
    runtime.pointer(y),
  );
  return y;
};

export const depthwiseBackpropInputWasm: Kernel<
  { dy: tf.Tensor4D; filter: tf.Tensor4D },
  Window & { inputShape: number[] }
> = ({ inputs, attrs, backend }) => {
  const runtime = wasmRuntime(backend);
  const { dy, filter } = inputs;
  const { image, kernel } = sizes(attrs.inputShape, filter.shape, attrs);
  const dx = runtime.output(attrs.inputShape);
  const [kh, kw, channels] = filter.shape;
  const { stride, padding } = attrs;
  const at = { dy: runtime.pointer(dy), filter: runtime.pointer(filter), dx: runtime.pointer(dx) };
  if (stride > 1 || padding >= Math.min(kh, kw)) {
    runtime.kernels.depthwiseBackpropInput(at.dy, ...image, at.filter, ...kernel, at.dx);
    return dx;
  }
  const [n, h, w] = image as [number, number, number];
  const [, oh, ow] = dy.shape;
  runtime.withScratch(kh * kw * channels * 4, (flipped) => {
    runtime.kernels.flipKernel(at.filter, kh * kw, channels, flipped);
    const turned = [kh, kw, 1, 1, kh - 1 - padding, kw - 1 - padding, h, w];
    runtime.kernels.depthwise(at.dy, n, oh, ow, channels, flipped, ...turned, at.dx);
  });
  return dx;
};

export const depthwiseBackpropFilterWasm: Kernel<
  { x: tf.Tensor4D; dy: tf.Tensor4D },
  Window & { filterShape: number[] }
> = ({ inputs, attrs, backend }) => {
  const runtime = wasmRuntime(backend);
  const { x, dy } = inputs;
  const { image, kernel } = sizes(x.shape, attrs.filterShape, attrs);
  const dw = runtime.output(attrs.filterShape);
  runtime.kernels.depthwiseBackpropFilter(
    runtime.pointer(x),
    runtime.pointer(dy),
    ...image,
    ...kernel,
    runtime.pointer(dw),
  );
  return dw;
};
