import * as tf from '@tensorflow/tfjs-core';
import { checkEqual } from './check.js';
import { checkConvolution, defineConvolution } from './define-convolution.js';
import { convolutionKernels } from './tensorflow/convolution.js';
import {
  depthwiseBackpropFilterWasm,
  depthwiseBackpropInputWasm,
  depthwiseWasm,
} from './wasm/depthwise-conv2d.js';
import {
  depthwiseBackpropFilterWebGpu,
  depthwiseBackpropInputWebGpu,
  depthwiseWebGpu,
} from './webgpu/depthwise-conv2d.js';
import type { Window } from './window.js';

/** Depthwise convolution without checks, for operations composed of it. */
export const depthwise = /* @__PURE__ */ defineConvolution('UnitsphereDepthwiseConv2d', {
  stock: tf.depthwiseConv2d,
  stockBackpropInput: tf.DepthwiseConv2dNativeBackpropInput,
  stockBackpropFilter: tf.DepthwiseConv2dNativeBackpropFilter,
  wasm: depthwiseWasm,
  wasmBackpropInput: depthwiseBackpropInputWasm,
  wasmBackpropFilter: depthwiseBackpropFilterWasm,
  webgpu: depthwiseWebGpu,
  webgpuBackpropInput: depthwiseBackpropInputWebGpu,
  webgpuBackpropFilter: depthwiseBackpropFilterWebGpu,
  tensorflow: /* @__PURE__ */ convolutionKernels('DepthwiseConv2dNative', { isDense: false }),
});

/**
 * Computes a depthwise convolution with one filter per channel, as torch.nn.functional.conv2d with groups = channels and
 * without bias. Products are always float32, as in PyTorch's own depthwise kernel; setFloat32MatmulPrecision does not apply.
 * @param x float32 [batch, height, width, channels].
 * @param filter float32 [kernelHeight, kernelWidth, channels, 1].
 * @param window Stride and zero padding on every side, in pixels.
 * @returns float32 [batch, outHeight, outWidth, channels].
 * @throws Error on a wrong rank, dtype or channel count, a channel multiplier other than 1, or a kernel that does not fit.
 */
export function depthwiseConv2d(x: tf.Tensor4D, filter: tf.Tensor4D, window: Window): tf.Tensor4D {
  checkConvolution('depthwiseConv2d', x, filter, window);
  checkEqual('depthwiseConv2d', 'the channel multiplier', filter.shape[3], 1);
  return depthwise({ x, filter }, { ...window, precision: 'highest' });
}
