/** Golden tensors are in PyTorch's layout; these give TensorFlow.js's, and back. No TensorFlow.js needed. */

/** Values and their shape, row-major. */
export interface Values<Data extends Float32Array | Int32Array = Float32Array> {
  shape: number[];
  data: Data;
}

/** The same values with their axes in another order: result.shape[i] = shape[order[i]]. */
export function permute(
  { shape, data }: { readonly shape: number[]; readonly data: ArrayLike<number> },
  order: number[],
): Values {
  const strides = shape.map((_, axis) => shape.slice(axis + 1).reduce((a, b) => a * b, 1));
  const out = { shape: order.map((axis) => shape[axis]), data: new Float32Array(data.length) };
  const index = order.map(() => 0);
  for (let to = 0; to < data.length; to++) {
    out.data[to] = data[index.reduce((from, at, i) => from + at * strides[order[i]], 0)];
    for (let axis = order.length - 1; axis >= 0 && ++index[axis] === out.shape[axis]; axis--) index[axis] = 0;
  }
  return out;
}

type Tensor = { readonly shape: number[]; readonly data: ArrayLike<number> };

/** An image from PyTorch's order to TensorFlow.js's: NCHW to NHWC. */
export const toNhwc = (image: Tensor): Values => permute(image, [0, 2, 3, 1]);
/** An image from TensorFlow.js's order to PyTorch's: NHWC to NCHW. */
export const toNchw = (image: Tensor): Values => permute(image, [0, 3, 1, 2]);
/** A convolution's kernel from PyTorch's order to TensorFlow.js's: OIHW to HWIO. */
export const toHwio = (kernel: Tensor): Values => permute(kernel, [2, 3, 1, 0]);
/** A convolution's kernel from TensorFlow.js's order to PyTorch's: HWIO to OIHW. */
export const toOihw = (kernel: Tensor): Values => permute(kernel, [3, 2, 0, 1]);
/** A depthwise kernel [channels, 1, height, width] to [height, width, channels, 1]. */
export const toDepthwise = (kernel: Tensor): Values => permute(kernel, [2, 3, 0, 1]);
/** A depthwise kernel [height, width, channels, 1] to [channels, 1, height, width]. */
export const fromDepthwise = (kernel: Tensor): Values => permute(kernel, [2, 3, 0, 1]);
