import type * as tf from '@tensorflow/tfjs-core';
import type { ConvolutionAttrs } from '../convolution-attrs.js';
import type { Kernel } from '../define-op.js';
import { addPatches, forPatches, geometryOf, layOutPatches, sliceResults } from './conv2d-patches.js';
import { multiply } from './mat-mul/multiply.js';
import { withOperands } from './operands.js';
import { type Operand, webGpuRuntime } from './runtime.js';
import { sumParts } from './sum-parts.js';

/** Returns the exponent of an operand of half floats; undefined for floats. */
const exponentOf = (operand: Operand) => ('tensor' in operand ? operand.exponent : undefined);

export const conv2dWebGpu: Kernel<{ x: tf.Tensor4D; filter: tf.Tensor4D }, ConvolutionAttrs> = ({
  inputs,
  attrs,
  backend,
}) => {
  const runtime = webGpuRuntime(backend);
  const g = geometryOf(inputs.x.shape, inputs.filter.shape, attrs);
  const y = runtime.output([g.batch, g.outHeight, g.outWidth, g.channelsOut]);
  const plain = { transposeA: false, transposeB: false, n: g.channelsOut };
  withOperands(runtime, attrs.precision, [inputs.x, inputs.filter], (x, filter) => {
    if (g.isPointwise) {
      multiply(runtime, { ...plain, m: g.batch * g.height * g.width, k: g.channels }, x, filter, y);
      return;
    }
    forPatches(runtime, g, { exponent: exponentOf(x) }, (first, count, patches, m) => {
      layOutPatches(runtime, g, x, first, patches);
      const product = { ...plain, m, k: g.paddedSize, bRows: g.patchSize };
      multiply(runtime, product, patches, filter, sliceResults(g, y, first, count));
    });
  });
  return y;
};

export const conv2dBackpropInputWebGpu: Kernel<
  { dy: tf.Tensor4D; filter: tf.Tensor4D },
  ConvolutionAttrs & { inputShape: number[] }
> = ({ inputs, attrs: { inputShape, precision, ...window }, backend }) => {
  const runtime = webGpuRuntime(backend);
  const g = geometryOf(inputShape, inputs.filter.shape, window);
  const dx = runtime.output(inputShape);
  const transposed = { transposeA: false, transposeB: true, k: g.channelsOut };
  withOperands(runtime, precision, [inputs.dy, inputs.filter], (dy, filter) => {
    if (g.isPointwise) {
      multiply(runtime, { ...transposed, m: g.batch * g.height * g.width, n: g.channels }, dy, filter, dx);
      return;
    }
    // The gradients of the patches are sums, so they are floats.
    forPatches(runtime, g, { isHalf: exponentOf(dy) !== undefined }, (first, count, patches, m) => {
      // The padding columns of a patch are never read.
      const product = { ...transposed, m, n: g.paddedSize, bRows: g.patchSize };
      multiply(runtime, product, sliceResults(g, dy, first, count), filter, patches);
      addPatches(runtime, g, patches, dx, first, count);
    });
  });
  return dx;
};

export const conv2dBackpropFilterWebGpu: Kernel<
  { x: tf.Tensor4D; dy: tf.Tensor4D },
  ConvolutionAttrs & { filterShape: number[] }
> = ({ inputs, attrs: { filterShape, precision, ...window }, backend }) => {
  const runtime = webGpuRuntime(backend);
  const g = geometryOf(inputs.x.shape, filterShape, window);
  const dw = runtime.output(filterShape);
  const transposed = { transposeA: true, transposeB: false, n: g.channelsOut };
  withOperands(runtime, precision, [inputs.x, inputs.dy], (x, dy) => {
    if (g.isPointwise) {
      multiply(runtime, { ...transposed, m: g.channels, k: g.batch * g.height * g.width }, x, dy, dw);
      return;
    }
    // Each part of the batch gives a gradient with padded rows; these are summed in order.
    const parts: tf.TensorInfo[] = [];
    forPatches(runtime, g, { exponent: exponentOf(x) }, (first, count, patches, k) => {
      layOutPatches(runtime, g, x, first, patches);
      const part = runtime.output([g.paddedSize, g.channelsOut]);
      multiply(
        runtime,
        { ...transposed, m: g.paddedSize, k },
        patches,
        sliceResults(g, dy, first, count),
        part,
      );
      parts.push(part);
    });
    const size = g.patchSize * g.channelsOut;
    parts.forEach((part, i) => {
      const stride = g.paddedSize * g.channelsOut;
      sumParts(runtime, part, { parts: 1, stride, count: size, add: i > 0 }, dw);
      runtime.free(part);
    });
  });
  return dw;
};
