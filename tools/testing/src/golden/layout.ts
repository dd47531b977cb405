/** Converts golden tensors between the layouts of PyTorch and TensorFlow.js, without requiring TensorFlow.js. */

/** Values and their shape, row-major. */
export interface Values<Data extends Float32Array | Int32Array = Float32Array> {
  shape: number[];
  data: Data;
}

/** Permutes the axes: result.shape[i] = shape[order[i]]. */
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

/** Converts an image from NCHW (PyTorch) to NHWC (TensorFlow.js). */
export const toNhwc = (image: Tensor): Values => permute(image, [0, 2, 3, 1]);
/** Converts an image from NHWC (TensorFlow.js) to NCHW (PyTorch). */
export const toNchw = (image: Tensor): Values => permute(image, [0, 3, 1, 2]);
/** Converts a convolution kernel from OIHW (PyTorch) to HWIO (TensorFlow.js). */
export const toHwio = (kernel: Tensor): Values => permute(kernel, [2, 3, 1, 0]);
/** Converts a convolution kernel from HWIO (TensorFlow.js) to OIHW (PyTorch). */
export const toOihw = (kernel: Tensor): Values => permute(kernel, [3, 2, 0, 1]);
/** Converts a depthwise kernel from [channels, 1, height, width] to [height, width, channels, 1]. */
export const toDepthwise = (kernel: Tensor): Values => permute(kernel, [2, 3, 0, 1]);
/** Converts a depthwise kernel from [height, width, channels, 1] to [channels, 1, height, width]. */
export const fromDepthwise = (kernel: Tensor): Values => permute(kernel, [2, 3, 0, 1]);
