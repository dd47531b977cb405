/** Convolutions on TensorFlow's operations, in the forms that its library computes fastest. */
import * as tf from '@tensorflow/tfjs-core';
import type { ConvolutionAttrs } from '../convolution-attrs.js';
import type { Kernel } from '../define-op.js';
import { asInput } from '../precision/product.js';
import { type Window, windowShape } from '../window.js';
import {
  type Attributes,
  FLOATS,
  type Handle,
  type TensorFlowRuntime,
  tensorFlowRuntime,
} from './runtime.js';

type Sizes = readonly number[];

/** How a window's padding is given to TensorFlow: by name, in pixels, or as an image that is padded before. */
type Padding =
  | { name: 'VALID' | 'SAME' | 'EXPLICIT' }
  | { name: 'PADDED'; before: number; after: [number, number] };

/**
 * Chooses how to pad. On the CPU, TensorFlow leaves oneDNN, its fast library, if padding is given in pixels.
 * @param image Shape of the images, [batch, height, width, channels].
 * @param filter Shape of the filter, [height, width, …].
 */
function choosePadding(runtime: TensorFlowRuntime, image: Sizes, filter: Sizes, window: Window): Padding {
  const { stride, padding: before } = window;
  if (before === 0) return { name: 'VALID' };
  if (runtime.onGpu) return { name: 'EXPLICIT' };
  const axes = [0, 1].map((axis) => {
    const [size, kernel] = [image[axis + 1], filter[axis]];
    const out = Math.floor((size + 2 * before - kernel) / stride) + 1;
    const total = Math.max(0, (out - 1) * stride + kernel - size);
    // TensorFlow's SAME divides the padding evenly, and puts an odd pixel at the end.
    const isSame = out === Math.ceil(size / stride) && Math.floor(total / 2) === before;
    return { isSame, after: Math.max(0, total - before) };
  });
  if (axes.every(({ isSame }) => isSame)) return { name: 'SAME' };
  return { name: 'PADDED', before, after: [axes[0].after, axes[1].after] };
}

const attributes = new Map<string, Attributes>();

function attributesOf(stride: number, { name }: Padding, pixels: number): Attributes {
  const key = `${stride} ${name} ${pixels}`;
  const known = attributes.get(key);
  if (known) return known;
  const created: Attributes = {
    ...FLOATS,
    strides: { integers: [1, stride, stride, 1] },
    padding: name === 'PADDED' ? 'VALID' : name,
    data_format: 'NHWC',
    dilations: { integers: [1, 1, 1, 1] },
    ...(name === 'EXPLICIT' && {
      explicit_paddings: { integers: [0, 0, pixels, pixels, pixels, pixels, 0, 0] },
    }),
  };
  attributes.set(key, created);
  return created;
}

function padImage(runtime: TensorFlowRuntime, x: Handle, padding: Padding): Handle {
  if (padding.name !== 'PADDED') return x;
  const { before, after } = padding;
  return runtime.pad(x, [
    [0, 0],
    [before, after[0]],
    [before, after[1]],
    [0, 0],
  ]);
}

/** Returns the shape of an image after {@link padImage}. */
function paddedShape(shape: Sizes, padding: Padding): number[] {
  if (padding.name !== 'PADDED') return [...shape];
  const [batch, height, width, channels] = shape;
  const { before, after } = padding;
  return [batch, height + before + after[0], width + before + after[1], channels];
}

/** Whether each output pixel is a product of one input pixel with the filter, so that a matrix product computes all of them. */
const isPointwise = ([height, width]: Sizes, { stride, padding }: Window) =>
  height === 1 && width === 1 && stride === 1 && padding === 0;

const toRows = (runtime: TensorFlowRuntime, x: Handle) => {
  const columns = x.shape[x.shape.length - 1];
  return runtime.reshape(x, [x.shape.reduce((a, b) => a * b, 1) / columns, columns]);
};

/** Returns a 1x1 filter as a matrix [inChannels, outChannels]. */
const toMatrix = (runtime: TensorFlowRuntime, filter: Handle) =>
  runtime.reshape(filter, filter.shape.slice(2));

/** Kernels of a kind of convolution. */
export interface ConvolutionKernels {
  forward: Kernel<{ x: tf.Tensor4D; filter: tf.Tensor4D }, ConvolutionAttrs>;
  backpropInput: Kernel<
    { dy: tf.Tensor4D; filter: tf.Tensor4D },
    ConvolutionAttrs & { inputShape: number[] }
  >;
  backpropFilter: Kernel<{ x: tf.Tensor4D; dy: tf.Tensor4D }, ConvolutionAttrs & { filterShape: number[] }>;
}

/**
 * Returns the kernels on the operation `name` and its two gradients, `nameBackpropInput` and `nameBackpropFilter`.
 * @param isDense Whether a filter with one pixel is a matrix.
 */
export function convolutionKernels(
  name: 'Conv2D' | 'DepthwiseConv2dNative',
  { isDense }: { isDense: boolean },
): ConvolutionKernels {
  const isProduct = (filter: Sizes, window: Window) => isDense && isPointwise(filter, window);
  return {
    forward: ({ inputs, attrs, backend }) =>
      withRounded(inputs, attrs, ({ x, filter }) => {
        const runtime = tensorFlowRuntime(backend);
        return runtime.compute(() => {
          const [image, weights] = [runtime.of(x), runtime.of(filter)];
          if (isProduct(filter.shape, attrs)) {
            const y = runtime.matMul(toRows(runtime, image), toMatrix(runtime, weights));
            return [runtime.reshape(y, [...x.shape.slice(0, 3), filter.shape[3]])];
          }
          const padding = choosePadding(runtime, x.shape, filter.shape, attrs);
          const settings = attributesOf(attrs.stride, padding, attrs.padding);
          const padded = padImage(runtime, image, padding);
          const [height, width] = windowShape(name, x.shape, filter.shape, attrs);
          const channels = isDense ? filter.shape[3] : x.shape[3] * filter.shape[3];
          const shape = [x.shape[0], height, width, channels];
          return [runtime.enqueue(name, settings, [padded, weights], shape)];
        });
      }),
    backpropInput: ({ inputs, attrs, backend }) =>
      withRounded(inputs, attrs, ({ dy, filter }) => {
        const runtime = tensorFlowRuntime(backend);
        const { inputShape, stride } = attrs;
        return runtime.compute(() => {
          const [gradient, weights] = [runtime.of(dy), runtime.of(filter)];
          if (isProduct(filter.shape, attrs)) {
            const dx = runtime.matMul(toRows(runtime, gradient), toMatrix(runtime, weights), {
              transposeB: true,
            });
            return [runtime.reshape(dx, inputShape)];
          }
          const padding = choosePadding(runtime, inputShape, filter.shape, attrs);
          const shape = paddedShape(inputShape, padding);
          const settings = attributesOf(stride, padding, attrs.padding);
          const inputs = [runtime.integers(...shape), weights, gradient];
          const dx = runtime.enqueue(`${name}BackpropInput`, settings, inputs, shape);
          if (padding.name !== 'PADDED') return [dx];
          return [runtime.slice(dx, [0, padding.before, padding.before, 0], inputShape)];
        });
      }),
    backpropFilter: ({ inputs, attrs, backend }) =>
      withRounded(inputs, attrs, ({ x, dy }) => {
        const runtime = tensorFlowRuntime(backend);
        const { filterShape, stride } = attrs;
        return runtime.compute(() => {
          const [image, gradient] = [runtime.of(x), runtime.of(dy)];
          if (isProduct(filterShape, attrs)) {
            const factors = [image, gradient].map((rows) => toRows(runtime, rows));
            const dFilter = runtime.matMul(factors[0], factors[1], { transposeA: true }, 'side');
            return [runtime.reshape(dFilter, filterShape, 'side')];
          }
          // TensorFlow's own kernel is 2 to 4 times as fast as oneDNN's on depthwise windows larger than 3x3.
          const own = !isDense && attrs.padding > 0 && Math.max(filterShape[0], filterShape[1]) > 3;
          const padding: Padding = own
            ? { name: 'EXPLICIT' }
            : choosePadding(runtime, x.shape, filterShape, attrs);
          const settings = attributesOf(stride, padding, attrs.padding);
          const inputs = [padImage(runtime, image, padding), runtime.integers(...filterShape), gradient];
          return runtime.enqueueAll(`${name}BackpropFilter`, settings, inputs, [filterShape], 'side');
        });
      }),
  };
}

/** Calls a kernel with its inputs rounded to the precision. */
function withRounded<T extends { [name: string]: tf.Tensor }>(
  inputs: T,
  { precision }: ConvolutionAttrs,
  run: (inputs: T) => tf.Tensor[],
): tf.Tensor[] {
  if (precision === 'highest') return run(inputs);
  return tf.tidy(() => {
    const rounded = Object.entries(inputs).map(([name, tensor]) => [name, asInput(tensor, precision)]);
    return run(Object.fromEntries(rounded) as T);
  });
}
