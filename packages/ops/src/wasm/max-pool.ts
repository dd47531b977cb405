import type * as tf from '@tensorflow/tfjs-core';
import type { Kernel } from '../define-op.js';
import { type PoolWindow, windowShape } from '../window.js';
import { wasmRuntime } from './runtime.js';

function outputShape(shape: number[], window: PoolWindow): [number, number] {
  return windowShape('maxPool2d', shape, [window.kernelSize, window.kernelSize], window);
}

export const maxPool2dWasm: Kernel<{ x: tf.Tensor4D }, PoolWindow> = ({ inputs: { x }, attrs, backend }) => {
  const runtime = wasmRuntime(backend);
  const [n, h, w, c] = x.shape;
  const { kernelSize, stride, padding } = attrs;
  const [oh, ow] = outputShape(x.shape, attrs);
  const y = runtime.output([n, oh, ow, c]);
  const [xAt, yAt] = [runtime.pointer(x), runtime.pointer(y)];
  runtime.kernels.maxPool(xAt, n, h, w, c, kernelSize, stride, padding, oh, ow, yAt);
  return y;
};

export const maxPool2dGradWasm: Kernel<{ x: tf.Tensor4D; y: tf.Tensor4D; dy: tf.Tensor4D }, PoolWindow> = ({
  inputs: { x, y, dy },
  attrs,
  backend,
}) => {
  const runtime = wasmRuntime(backend);
  const [n, h, w, c] = x.shape;
  const { kernelSize, stride, padding } = attrs;
  const [oh, ow] = outputShape(x.shape, attrs);
  const dx = runtime.output(x.shape);
  const [xAt, yAt, dyAt, dxAt] = [
    runtime.pointer(x),
    runtime.pointer(y),
    runtime.pointer(dy),
    runtime.pointer(dx),
  ];
  runtime.kernels.maxPoolGrad(xAt, yAt, dyAt, n, h, w, c, kernelSize, stride, padding, oh, ow, dxAt);
  return dx;
};
