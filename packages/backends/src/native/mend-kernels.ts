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
 * Registers kernels anew that tfjs-node 4.22 gets wrong:
 * - the gradients of convolutions refuse padding given in pixels, or pass it on without the numbers;
 * - `Exp` of int32, `Prelu`, and `ArgMax`/`ArgMin` of bool call methods of tensors that exist only when
 *   TensorFlow.js's chained operations were imported (and `Exp` disposes its caller's tensor).
 */
export function mendKernels(backendName: string): void {
  const register = (kernelName: string, kernelFunc: (args: KernelArgs) => tf.TensorInfo) => {
    tf.unregisterKernel(kernelName, backendName);
    tf.registerKernel({ kernelName, backendName, kernelFunc: kernelFunc as unknown as tf.KernelFunc });
  };
  for (const kernel of CONVOLUTION_GRADIENTS) register(kernel, convolutionGradient(kernel));

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

const CONVOLUTION_GRADIENTS = [
  'Conv2DBackpropInput',
  'Conv2DBackpropFilter',
  'DepthwiseConv2dNativeBackpropInput',
  'DepthwiseConv2dNativeBackpropFilter',
] as const;

/** TensorFlow's own gradient kernel of this name, with the padding in pixels where it was given so. */
function convolutionGradient(kernel: (typeof CONVOLUTION_GRADIENTS)[number]) {
  const depthwise = kernel.startsWith('Depthwise');
  const forInput = kernel.endsWith('Input');
  return ({ inputs, attrs, backend }: KernelArgs): tf.TensorInfo => {
    const { x, filter, dy } = inputs as ConvolutionInputs;
    const {
      strides,
      dilations = 1,
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
      dilations,
      pad,
      dimRoundingMode,
      depthwise,
      tf.backend_util.convertConv2DDataFormat(dataFormat),
    );
    const { TF_ATTR_INT, TF_ATTR_STRING, TF_ATTR_TYPE, TF_FLOAT } = backend.binding;
    // Sizes of the four axes: those of the image lie in the middle, or at the end.
    const axes = <T>(image: T[], other: T[]) =>
      dataFormat === 'NHWC' ? [...other, ...image, ...other] : [...other, ...other, ...image];
    const attributes = [
      { name: 'T', type: TF_ATTR_TYPE, value: TF_FLOAT },
      { name: 'strides', type: TF_ATTR_INT, value: axes([info.strideHeight, info.strideWidth], [1]) },
      { name: 'padding', type: TF_ATTR_STRING, value: padInfo.type },
      { name: 'data_format', type: TF_ATTR_STRING, value: dataFormat },
      { name: 'dilations', type: TF_ATTR_INT, value: axes([info.dilationHeight, info.dilationWidth], [1]) },
    ];
    if (padInfo.type === 'EXPLICIT') {
      const { top, bottom, left, right } = padInfo;
      const value = axes([top, bottom, left, right], [0, 0]);
      attributes.push({ name: 'explicit_paddings', type: TF_ATTR_INT, value });
    }
    const shape = tf.tensor1d(forInput ? info.inShape : info.filterShape, 'int32');
    const gradient = backend.executeSingleOutput(
      kernel,
      attributes,
      forInput ? [shape, filter, dy] : [x, shape, dy],
    );
    shape.dispose();
    return gradient;
  };
}
