import * as tf from '@tensorflow/tfjs-core';
import { checkConvolution, defineConvolution } from './define-convolution.js';
import { runProduct } from './precision/product.js';
import { convolutionKernels } from './tensorflow/convolution.js';
import { conv2dBackpropFilterWasm, conv2dBackpropInputWasm, conv2dWasm } from './wasm/conv2d.js';
import { conv2dBackpropFilterWebGpu, conv2dBackpropInputWebGpu, conv2dWebGpu } from './webgpu/conv2d.js';
import type { Window } from './window.js';

const op = /* @__PURE__ */ defineConvolution('UnitsphereConv2d', {
  stock: tf.conv2d,
  stockBackpropInput: tf.Conv2DBackpropInput,
  stockBackpropFilter: tf.Conv2DBackpropFilter,
  wasm: conv2dWasm,
  wasmBackpropInput: conv2dBackpropInputWasm,
  wasmBackpropFilter: conv2dBackpropFilterWasm,
  webgpu: conv2dWebGpu,
  webgpuBackpropInput: conv2dBackpropInputWebGpu,
  webgpuBackpropFilter: conv2dBackpropFilterWebGpu,
  tensorflow: /* @__PURE__ */ convolutionKernels('Conv2D', { isDense: true }),
});

/**
 * Computes a 2-D convolution (cross-correlation), as torch.nn.functional.conv2d without bias, groups or dilation. Its
 * precision is that of setFloat32MatmulPrecision.
 * @param x float32 [batch, height, width, inChannels].
 * @param filter float32 [kernelHeight, kernelWidth, inChannels, outChannels] (HWIO).
 * @param window Stride and zero padding on every side, in pixels.
 * @returns float32 [batch, outHeight, outWidth, outChannels]; each size is floor((size + 2·padding − kernel) / stride) + 1.
 * @throws Error on a wrong rank, dtype or channel count, or if the kernel is larger than the padded image.
 */
export function conv2d(x: tf.Tensor4D, filter: tf.Tensor4D, window: Window): tf.Tensor4D {
  checkConvolution('conv2d', x, filter, window);
  const [height, width] = filter.shape;
  const kind = height === 1 && width === 1 ? 'pointwiseConv2d' : 'conv2d';
  return runProduct(kind, (precision) => op({ x, filter }, { ...window, precision }));
}
