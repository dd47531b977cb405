import type * as tf from '@tensorflow/tfjs-core';
import type { Kernel } from '../define-op.js';
import { type Window, windowShape } from '../window.js';
import { type WasmRuntime, wasmRuntime } from './runtime.js';

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

// A larger image has little border for its size.
const PADDED_WIDTH = 16;

/** Convolves, small images by way of a padded copy: most of their outputs are at a border. */
function convolve(
  runtime: WasmRuntime,
  [n, h, w, c]: number[],
  [kh, kw, sh, sw, padTop, padLeft, oh, ow]: number[],
  at: { x: number; filter: number; y: number },
): void {
  const square = kh === kw && padTop === padLeft && (kw === 3 || kw === 5);
  if (sh !== 1 || !square || c % 4 !== 0 || padTop === 0 || w > PADDED_WIDTH) {
    const kernel = [kh, kw, sh, sw, padTop, padLeft, oh, ow];
    runtime.kernels.depthwise(at.x, n, h, w, c, at.filter, ...kernel, at.y);
    return;
  }
  runtime.withScratch((h + 2 * padTop) * (w + 2 * padTop) * c * 4, (padded) =>
    runtime.kernels.depthwisePadded(at.x, n, h, w, c, at.filter, kw, padTop, oh, ow, at.y, padded),
  );
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
  convolve(runtime, image, kernel, {
    x: runtime.pointer(x),
    filter: runtime.pointer(filter),
    y: runtime.pointer(y),
  });
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
    convolve(runtime, [n, oh, ow, channels], turned, { x: at.dy, filter: flipped, y: at.dx });
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
