import * as tf from '@tensorflow/tfjs-core';
import { checkEqual, checkFloat } from './check.js';
import type { ConvolutionAttrs } from './convolution-attrs.js';
import { defineOp, type Kernel } from './define-op.js';
import { asInput } from './precision/product.js';
import type { ConvolutionKernels } from './tensorflow/convolution.js';
import { checkWindow, stockPadding, type Window, windowShape } from './window.js';

type Pair = { x: tf.Tensor4D; filter: tf.Tensor4D };
type InputGradientAttrs = ConvolutionAttrs & { inputShape: number[] };
type FilterGradientAttrs = ConvolutionAttrs & { filterShape: number[] };

/** Stock operations and kernels of a kind of convolution. */
export interface Convolution {
  stock: typeof tf.conv2d | typeof tf.depthwiseConv2d;
  /** Names of the stock gradient kernels, which tfjs-core does not export as functions. */
  stockBackpropInput: string;
  stockBackpropFilter: string;
  wasm: Kernel<Pair, ConvolutionAttrs>;
  wasmBackpropInput: Kernel<{ dy: tf.Tensor4D; filter: tf.Tensor4D }, InputGradientAttrs>;
  wasmBackpropFilter: Kernel<{ x: tf.Tensor4D; dy: tf.Tensor4D }, FilterGradientAttrs>;
  webgpu: Kernel<Pair, ConvolutionAttrs>;
  webgpuBackpropInput: Kernel<{ dy: tf.Tensor4D; filter: tf.Tensor4D }, InputGradientAttrs>;
  webgpuBackpropFilter: Kernel<{ x: tf.Tensor4D; dy: tf.Tensor4D }, FilterGradientAttrs>;
  tensorflow: ConvolutionKernels;
}

const stockAttrs = ({ stride, padding }: Window) => ({
  strides: [stride, stride],
  pad: stockPadding(padding),
  dilations: [1, 1],
  dataFormat: 'NHWC',
});

const runStock = (kernel: string, inputs: object, attrs: object) =>
  tf.engine().runKernel(kernel, inputs as tf.NamedTensorMap, attrs as tf.NamedAttrMap) as tf.Tensor;

/** A convolution, and its two gradients as separate functions. */
export interface DefinedConvolution {
  (pair: Pair, attrs: ConvolutionAttrs): tf.Tensor4D;
  backpropInput(inputs: { dy: tf.Tensor4D; filter: tf.Tensor4D }, attrs: InputGradientAttrs): tf.Tensor4D;
  backpropFilter(inputs: { x: tf.Tensor4D; dy: tf.Tensor4D }, attrs: FilterGradientAttrs): tf.Tensor4D;
}

/** Defines a convolution and its two gradients, with kernel names that begin with `name`. */
export function defineConvolution(name: string, kind: Convolution): DefinedConvolution {
  const backpropInput = defineOp<{ dy: tf.Tensor4D; filter: tf.Tensor4D }, InputGradientAttrs>({
    name: `${name}BackpropInput`,
    compose: ({ dy, filter }, { inputShape, precision, ...window }) =>
      runStock(
        kind.stockBackpropInput,
        { dy: asInput(dy, precision), filter: asInput(filter, precision) },
        { ...stockAttrs(window), inputShape },
      ),
    kernels: {
      wasm: kind.wasmBackpropInput,
      webgpu: kind.webgpuBackpropInput,
      tensorflow: kind.tensorflow.backpropInput,
    },
  });
  const backpropFilter = defineOp<{ x: tf.Tensor4D; dy: tf.Tensor4D }, FilterGradientAttrs>({
    name: `${name}BackpropFilter`,
    compose: ({ x, dy }, { filterShape, precision, ...window }) =>
      runStock(
        kind.stockBackpropFilter,
        { x: asInput(x, precision), dy: asInput(dy, precision) },
        { ...stockAttrs(window), filterShape },
      ),
    kernels: {
      wasm: kind.wasmBackpropFilter,
      webgpu: kind.webgpuBackpropFilter,
      tensorflow: kind.tensorflow.backpropFilter,
    },
  });
  const op = defineOp<Pair, ConvolutionAttrs>({
    name,
    compose: ({ x, filter }, { stride, padding, precision }) =>
      kind.stock(asInput(x, precision), asInput(filter, precision), stride, stockPadding(padding)),
    inputsToSave: ['x', 'filter'],
    gradient: (dys, saved, { stride, padding, precision }) => {
      const attrs = { stride, padding, precision };
      const [dy] = dys as tf.Tensor4D[];
      const [x, filter] = saved as tf.Tensor4D[];
      return {
        x: () => backpropInput({ dy, filter }, { ...attrs, inputShape: x.shape })[0],
        filter: () => backpropFilter({ x, dy }, { ...attrs, filterShape: filter.shape })[0],
      };
    },
    // Each output sums over its channel's filter, dense or depthwise; y is [batch, height, width, channels].
    multiplyAdds: ({ filter }, [y]) => (y.size * filter.size) / (y as tf.Tensor4D).shape[3],
    kernels: { wasm: kind.wasm, webgpu: kind.webgpu, tensorflow: kind.tensorflow.forward },
  });
  return Object.assign((pair: Pair, attrs: ConvolutionAttrs) => op(pair, attrs)[0] as tf.Tensor4D, {
    backpropInput: (inputs: { dy: tf.Tensor4D; filter: tf.Tensor4D }, attrs: InputGradientAttrs) =>
      backpropInput(inputs, attrs)[0] as tf.Tensor4D,
    backpropFilter: (inputs: { x: tf.Tensor4D; dy: tf.Tensor4D }, attrs: FilterGradientAttrs) =>
      backpropFilter(inputs, attrs)[0] as tf.Tensor4D,
  });
}

/** Checks the arguments of a convolution; `op` is its name in error messages. */
export function checkConvolution(op: string, x: tf.Tensor4D, filter: tf.Tensor4D, window: Window): void {
  checkFloat(op, 'x', x, 4);
  checkFloat(op, 'filter', filter, 4);
  checkEqual(op, "the image's channel count", x.shape[3], filter.shape[2]);
  checkWindow(op, window);
  windowShape(op, x.shape, filter.shape, window);
}
