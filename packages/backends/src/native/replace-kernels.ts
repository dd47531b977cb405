import * as tf from '@tensorflow/tfjs-core';
import type { NativeKernelBackend } from './load-tfjs-node.js';

type Sizes = [number, number, number, number];

interface ConvolutionAttrs {
  strides: [number, number] | number;
  dilations?: [number, number] | number;
  pad: Parameters<typeof tf.backend_util.computeConv2DInfo>[4];
  dimRoundingMode?: 'floor' | 'round' | 'ceil';
  dataFormat?: 'NHWC' | 'NCHW';
  inputShape?: Sizes;
  filterShape?: Sizes;
}

type ConvolutionInputs = Record<'x' | 'filter' | 'dy', tf.TensorInfo>;

/**
 * Replaces the kernels that are broken in tfjs-node 4.22. Convolutions and max-pooling refuse explicit padding in pixels, or
 * drop its values. `Exp` of int32, `Prelu`, and `ArgMax`/`ArgMin` of bool call chained methods of tensors, which exist only
 * if they were registered; `Exp` also disposes its input.
 */
export function replaceBrokenKernels(backendName: string): void {
  const register = (kernelName: string, kernelFunc: (args: KernelArgs) => tf.TensorInfo) => {
    tf.unregisterKernel(kernelName, backendName);
    tf.registerKernel({ kernelName, backendName, kernelFunc: kernelFunc as unknown as tf.KernelFunc });
  };
  for (const kernel of CONVOLUTIONS) register(kernel, convolution(kernel));

  for (const kernel of ['MaxPool', 'MaxPoolGrad'] as const) {
    register(kernel, maxPool(kernelOf(kernel, backendName)));
  }
  for (const kernel of ['ArgMax', 'ArgMin'] as const) {
    const stock = kernelOf(kernel, backendName);
    register(kernel, (args) => withCast(args, 'bool', 'int32', stock));
  }
  const exp = kernelOf('Exp', backendName);
  register('Exp', (args) => withCast(args, 'int32', 'float32', exp));
  register('Prelu', ({ inputs }) =>
    tf.tidy(() => {
      const [x, alpha] = [inputs['x'] as tf.Tensor, inputs['alpha'] as tf.Tensor];
      return tf.add(tf.relu(x), tf.mul(alpha, tf.minimum(x, 0)));
    }),
  );
}

interface KernelArgs {
  inputs: Record<string, tf.TensorInfo>;
  attrs: object;
  backend: NativeKernelBackend;
}

function kernelOf(name: string, backendName: string): (args: KernelArgs) => tf.TensorInfo {
  return tf.getKernel(name, backendName).kernelFunc as unknown as (args: KernelArgs) => tf.TensorInfo;
}

/** Runs a kernel, after casting its input `x` if it has the dtype `from`. */
function withCast(
  args: KernelArgs,
  from: tf.DataType,
  to: tf.DataType,
  kernel: (args: KernelArgs) => tf.TensorInfo,
): tf.TensorInfo {
  const x = args.inputs['x'] as tf.Tensor;
  if (x.dtype !== from) return kernel(args);
  return tf.tidy(() => kernel({ ...args, inputs: { x: tf.cast(x, to) } }) as tf.Tensor);
}

const CONVOLUTIONS = [
  'Conv2D',
  'Conv2DBackpropInput',
  'Conv2DBackpropFilter',
  'DepthwiseConv2dNative',
  'DepthwiseConv2dNativeBackpropInput',
  'DepthwiseConv2dNativeBackpropFilter',
] as const;

/** Returns a kernel that runs TensorFlow's operation of this name and passes on explicit padding. */
function convolution(kernel: (typeof CONVOLUTIONS)[number]) {
  const depthwise = kernel.startsWith('Depthwise');
  return ({ inputs, attrs, backend }: KernelArgs): tf.TensorInfo => {
    const { x, filter, dy } = inputs as ConvolutionInputs;
    const {
      strides,
      dilations,
      pad,
      dimRoundingMode,
      dataFormat = 'NHWC',
      inputShape,
      filterShape,
    } = attrs as ConvolutionAttrs;
    const { padInfo, ...info } = tf.backend_util.computeConv2DInfo(
      inputShape ?? (x.shape as Sizes),
      filterShape ?? (filter.shape as Sizes),
      strides,
      dilations ?? 1,
      pad,
      dimRoundingMode,
      depthwise,
      tf.backend_util.convertConv2DDataFormat(dataFormat),
    );
    const { TF_ATTR_INT, TF_ATTR_STRING, TF_ATTR_TYPE, TF_FLOAT } = backend.binding;
    // Values for the four axes: height and width are in the middle (NHWC) or last (NCHW).
    const axes = <T>(image: T[], other: T[]) =>
      dataFormat === 'NHWC' ? [...other, ...image, ...other] : [...other, ...other, ...image];
    const stock = padInfo.type === 'VALID' || padInfo.type === 'SAME';
    const attributes = [
      { name: 'T', type: TF_ATTR_TYPE, value: TF_FLOAT },
      { name: 'strides', type: TF_ATTR_INT, value: axes([info.strideHeight, info.strideWidth], [1]) },
      { name: 'padding', type: TF_ATTR_STRING, value: stock ? padInfo.type : 'EXPLICIT' },
      { name: 'data_format', type: TF_ATTR_STRING, value: dataFormat },
      { name: 'dilations', type: TF_ATTR_INT, value: axes([info.dilationHeight, info.dilationWidth], [1]) },
    ];
    if (!stock) {
      const { top, bottom, left, right } = padInfo;
      const value = axes([top, bottom, left, right], [0, 0]);
      attributes.push({ name: 'explicit_paddings', type: TF_ATTR_INT, value });
    }
    const run = (...given: tf.TensorInfo[]) => backend.executeSingleOutput(kernel, attributes, given);
    if (inputShape) return withShape(inputShape, (shape) => run(shape, filter, dy));
    if (filterShape) return withShape(filterShape, (shape) => run(x, shape, dy));
    return run(x, filter);
  };
}

/** Calls `use` with a shape as an int32 tensor, which is freed afterward. */
function withShape(sizes: Sizes, use: (shape: tf.Tensor) => tf.TensorInfo): tf.TensorInfo {
  const shape = tf.tensor1d(sizes, 'int32');
  const result = use(shape);
  shape.dispose();
  return result;
}

interface PoolAttrs {
  filterSize: [number, number] | number;
  strides: [number, number] | number;
  pad: Parameters<typeof tf.backend_util.computePool2DInfo>[4];
  dimRoundingMode?: 'floor' | 'round' | 'ceil';
}

/** Returns a kernel of max-pooling or its gradient that pads the image itself if the padding is explicit. */
function maxPool(stock: (args: KernelArgs) => tf.TensorInfo) {
  return (args: KernelArgs): tf.TensorInfo => {
    const { inputs } = args;
    const { filterSize, strides, pad, dimRoundingMode } = args.attrs as PoolAttrs;
    const name = 'x' in inputs ? 'x' : 'input';
    const image = inputs[name] as tf.Tensor4D;
    const info = tf.backend_util.computePool2DInfo(image.shape, filterSize, strides, 1, pad, dimRoundingMode);
    if (info.padInfo.type === 'VALID' || info.padInfo.type === 'SAME') return stock(args);
    return tf.tidy(() => {
      const { top, left } = info.padInfo;
      // The padding reaches to the end of the last window, however the output size was rounded.
      const bottom = (info.outHeight - 1) * info.strideHeight + info.filterHeight - info.inHeight - top;
      const right = (info.outWidth - 1) * info.strideWidth + info.filterWidth - info.inWidth - left;
      const rows: [number, number] = [top, Math.max(0, bottom)];
      const columns: [number, number] = [left, Math.max(0, right)];
      const padded = tf.pad(image, [[0, 0], rows, columns, [0, 0]], -Infinity);
      const attrs = { filterSize, strides, pad: 'valid' };
      const pooled = stock({ ...args, inputs: { ...inputs, [name]: padded }, attrs }) as tf.Tensor4D;
      return name === 'x' ? pooled : tf.slice(pooled, [0, top, left, 0], image.shape);
    });
  };
}
