import type * as tf from '@tensorflow/tfjs-core';
import type { Kernel } from '../define-op.js';
import type { PoolWindow } from '../max-pool.js';
import { windowShape } from '../window.js';
import { wasmRuntime } from './runtime.js';

/** The sizes that both kernels take, ending with the output's. */
function sizes(shape: number[], window: PoolWindow): number[] {
  const { kernelSize, stride, padding } = window;
  return [
    ...shape,
    kernelSize,
    stride,
    padding,
    ...windowShape('maxPool2d', shape, [kernelSize, kernelSize], window),
  ];
}

export const maxPool2dWasm: Kernel<{ x: tf.Tensor4D }, PoolWindow> = ({ inputs: { x }, attrs, backend }) => {
  const runtime = wasmRuntime(backend);
  const numbers = sizes(x.shape, attrs);
  const [outHeight, outWidth] = numbers.slice(-2) as [number, number];
  const y = runtime.output([x.shape[0], outHeight, outWidth, x.shape[3]]);
  runtime.kernels.maxPool(runtime.pointer(x), ...numbers, runtime.pointer(y));
  return y;
};

export const maxPool2dGradWasm: Kernel<{ x: tf.Tensor4D; y: tf.Tensor4D; dy: tf.Tensor4D }, PoolWindow> = ({
  inputs: { x, y, dy },
  attrs,
  backend,
}) => {
  const runtime = wasmRuntime(backend);
  const dx = runtime.output(x.shape);
  const [xAt, yAt, dyAt, dxAt] = [x, y, dy, dx].map((tensor) => runtime.pointer(tensor)) as [
    number,
    number,
    number,
    number,
  ];
  runtime.kernels.maxPoolGrad(xAt, yAt, dyAt, ...sizes(x.shape, attrs), dxAt);
  return dx;
};
