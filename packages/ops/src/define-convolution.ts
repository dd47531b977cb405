import * as tf from '@tensorflow/tfjs-core';
import { checkEqual, checkFloat } from './check.js';
import { defineOp, type Kernel } from './define-op.js';
import type { MatmulPrecision } from './precision/matmul-precision.js';
import { asInput } from './precision/product.js';
import { checkWindow, stockPadding, type Window, windowShape } from './window.js';

type Pair = { x: tf.Tensor4D; filter: tf.Tensor4D };
/** A window, and how precise its products are. */
export type ConvolutionAttrs = Window & { precision: MatmulPrecision };
type ForInput = ConvolutionAttrs & { inputShape: number[] };
type ForFilter = ConvolutionAttrs & { filterShape: number[] };

/** What a kind of convolution is made of: its stock operations and our kernels. */
export interface Convolution {
  /** The stock operation. */
  stock: typeof tf.conv2d | typeof tf.depthwiseConv2d;
  /** Names of the stock gradient kernels, which the public package does not export as functions. */
  stockBackpropInput: string;
  stockBackpropFilter: string;
  wasm: Kernel<Pair, ConvolutionAttrs>;
  wasmBackpropInput: Kernel<{ dy: tf.Tensor4D; filter: tf.Tensor4D }, ForInput>;
  wasmBackpropFilter: Kernel<{ x: tf.Tensor4D; dy: tf.Tensor4D }, ForFilter>;
  webgpu: Kernel<Pair, ConvolutionAttrs>;
  webgpuBackpropInput: Kernel<{ dy: tf.Tensor4D; filter: tf.Tensor4D }, ForInput>;
  webgpuBackpropFilter: Kernel<{ x: tf.Tensor4D; dy: tf.Tensor4D }, ForFilter>;
}

const stockAttrs = ({ stride, padding }: Window) => ({
  strides: [stride, stride],
  pad: stockPadding(padding),
  dilations: [1, 1],
  dataFormat: 'NHWC',
});

const runStock = (kernel: string, inputs: object, attrs: object) =>
  tf.engine().runKernel(kernel, inputs as tf.NamedTensorMap, attrs as tf.NamedAttrMap) as tf.Tensor;

/** A convolution, and its two gradients as functions of their own. */
export interface DefinedConvolution {
  (pair: Pair, attrs: ConvolutionAttrs): tf.Tensor4D;
  backpropInput(inputs: { dy: tf.Tensor4D; filter: tf.Tensor4D }, attrs: ForInput): tf.Tensor4D;
  backpropFilter(inputs: { x: tf.Tensor4D; dy: tf.Tensor4D }, attrs: ForFilter): tf.Tensor4D;
}

/** A convolution with its two gradients, under kernel names that begin with `name`. */
export function defineConvolution(name: string, kind: Convolution): DefinedConvolution {
  const backpropInput = defineOp<{ dy: tf.Tensor4D; filter: tf.Tensor4D }, ForInput>({
    name: `${name}BackpropInput`,
    compose: ({ dy, filter }, { inputShape, precision, ...window }) =>
      runStock(
        kind.stockBackpropInput,
        { dy: asInput(dy, precision), filter: asInput(filter, precision) },
        { ...stockAttrs(window), inputShape },
      ),
    kernels: { wasm: kind.wasmBackpropInput, webgpu: kind.webgpuBackpropInput },
  });
  const backpropFilter = defineOp<{ x: tf.Tensor4D; dy: tf.Tensor4D }, ForFilter>({
    name: `${name}BackpropFilter`,
    compose: ({ x, dy }, { filterShape, precision, ...window }) =>
      runStock(
        kind.stockBackpropFilter,
        { x: asInput(x, precision), dy: asInput(dy, precision) },
        { ...stockAttrs(window), filterShape },
      ),
    kernels: { wasm: kind.wasmBackpropFilter, webgpu: kind.webgpuBackpropFilter },
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
        x: () => backpropInput({ dy: dy, filter: filter }, { ...attrs, inputShape: x.shape })[0],
        filter: () => backpropFilter({ x: x, dy: dy }, { ...attrs, filterShape: filter.shape })[0],
      };
    },
    // Each output is a sum over the filter of its channel, whether dense or depthwise.
    multiplyAdds: ({ filter }, [y]) => (y.size * filter.size) / y.shape[3]!,
    kernels: { wasm: kind.wasm, webgpu: kind.webgpu },
  });
  return Object.assign((pair: Pair, attrs: ConvolutionAttrs) => op(pair, attrs)[0] as tf.Tensor4D, {
    backpropInput: (inputs: { dy: tf.Tensor4D; filter: tf.Tensor4D }, attrs: ForInput) =>
      backpropInput(inputs, attrs)[0] as tf.Tensor4D,
    backpropFilter: (inputs: { x: tf.Tensor4D; dy: tf.Tensor4D }, attrs: ForFilter) =>
      backpropFilter(inputs, attrs)[0] as tf.Tensor4D,
  });
}

/** The checks that convolutions share; `op` is the name in messages. */
export function checkConvolution(op: string, x: tf.Tensor4D, filter: tf.Tensor4D, window: Window): void {
  checkFloat(op, 'x', x, 4);
  checkFloat(op, 'filter', filter, 4);
  checkEqual(op, "the image's channel count", x.shape[3], filter.shape[2]);
  checkWindow(op, window);
  windowShape(op, x.shape, filter.shape, window);
}
