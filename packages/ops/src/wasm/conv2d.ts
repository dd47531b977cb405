import type * as tf from '@tensorflow/tfjs-core';
import type { ConvolutionAttrs } from '../define-convolution.js';
import type { Kernel } from '../define-op.js';
import { type Window, windowShape } from '../window.js';
import { withOperands } from './operands.js';
import { type WasmRuntime, wasmRuntime } from './runtime.js';

// Patches are laid out for this many floats at a time, so that they stay in cache between im2col and the product.
const PATCH_FLOATS = 1 << 16;

/** Images of so few channels have more to copy into patches than to multiply. */
const THIN_CHANNELS = 4;

interface Geometry {
  patchRows: number;
  patchSize: number;
  channelsOut: number;
  pointwise: boolean;
  /** Whether it runs on the image as it lies, row by row of the kernel. */
  thin: boolean;
  /** The arguments im2col and col2im share, between their first pointer and the rows. */
  sizes: number[];
  outShape: number[];
}

function geometry(imageShape: number[], filterShape: number[], window: Window): Geometry {
  const [n, h, w, c] = imageShape as [number, number, number, number];
  const [kh, kw, , channelsOut] = filterShape as [number, number, number, number];
  const { stride, padding } = window;
  const [oh, ow] = windowShape('conv2d', imageShape, filterShape, window);
  return {
    patchRows: n * oh * ow,
    patchSize: kh * kw * c,
    channelsOut,
    pointwise: kh === 1 && kw === 1 && stride === 1 && padding === 0,
    thin: kw > 1 && c <= THIN_CHANNELS,
    sizes: [h, w, c, kh, kw, stride, stride, padding, padding, oh, ow],
    outShape: [n, oh, ow, channelsOut],
  };
}

/** Calls fn for each block of patch rows with a buffer that holds a block of patches. */
function forPatchBlocks(
  runtime: WasmRuntime,
  { patchRows, patchSize }: Geometry,
  fn: (row0: number, row1: number, patches: number) => void,
): void {
  const rows = Math.max(1, Math.min(patchRows, Math.floor(PATCH_FLOATS / patchSize)));
  runtime.withScratch(rows * patchSize * 4, (patches) => {
    for (let row = 0; row < patchRows; row += rows) fn(row, Math.min(patchRows, row + rows), patches);
  });
}

export const conv2dWasm: Kernel<{ x: tf.Tensor4D; filter: tf.Tensor4D }, ConvolutionAttrs> = ({
  inputs,
  attrs,
  backend,
}) => {
  const runtime = wasmRuntime(backend);
  const { x, filter } = inputs;
  const g = geometry(x.shape, filter.shape, attrs);
  const y = runtime.output(g.outShape);
  const yAt = runtime.pointer(y);
  withOperands(runtime, attrs.precision, [x, filter], (xAt, filterAt) => {
    if (g.pointwise) {
      runtime.gemm(false, false, g.patchRows, g.channelsOut, g.patchSize, xAt, filterAt, yAt);
    } else if (g.thin) {
      runtime.withGemmScratch((scratch) =>
        runtime.kernels.convThin(xAt, x.shape[0], ...g.sizes, filterAt, g.channelsOut, yAt, scratch),
      );
    } else {
      forPatchBlocks(runtime, g, (row0, row1, patches) => {
        runtime.kernels.im2col(xAt, ...g.sizes, row0, row1, patches);
        const to = yAt + row0 * g.channelsOut * 4;
        runtime.gemm(false, false, row1 - row0, g.channelsOut, g.patchSize, patches, filterAt, to);
      });
    }
  });
  return y;
};

export const conv2dBackpropInputWasm: Kernel<
  { dy: tf.Tensor4D; filter: tf.Tensor4D },
  ConvolutionAttrs & { inputShape: number[] }
> = ({ inputs, attrs, backend }) => {
  const runtime = wasmRuntime(backend);
  const { dy, filter } = inputs;
  const g = geometry(attrs.inputShape, filter.shape, attrs);
  const dx = runtime.output(attrs.inputShape);
  const dxAt = runtime.pointer(dx);
  withOperands(runtime, attrs.precision, [dy, filter], (dyAt, filterAt) => {
    if (g.pointwise) {
      runtime.gemm(false, true, g.patchRows, g.patchSize, g.channelsOut, dyAt, filterAt, dxAt);
      return;
    }
    runtime
      .floats(
        dxAt,
        attrs.inputShape.reduce((a, b) => a * b, 1),
      )
      .fill(0);
    forPatchBlocks(runtime, g, (row0, row1, patches) => {
      const from = dyAt + row0 * g.channelsOut * 4;
      runtime.gemm(false, true, row1 - row0, g.patchSize, g.channelsOut, from, filterAt, patches);
      runtime.kernels.col2im(patches, ...g.sizes, row0, row1, dxAt);
    });
  });
  return dx;
};

export const conv2dBackpropFilterWasm: Kernel<
  { x: tf.Tensor4D; dy: tf.Tensor4D },
  ConvolutionAttrs & { filterShape: number[] }
> = ({ inputs, attrs, backend }) => {
  const runtime = wasmRuntime(backend);
  const { x, dy } = inputs;
  const g = geometry(x.shape, attrs.filterShape, attrs);
  const dw = runtime.output(attrs.filterShape);
  const dwAt = runtime.pointer(dw);
  withOperands(runtime, attrs.precision, [x, dy], (xAt, dyAt) => {
    if (g.pointwise) {
      runtime.gemm(true, false, g.patchSize, g.channelsOut, g.patchRows, xAt, dyAt, dwAt);
      return;
    }
    if (g.thin) {
      runtime.withGemmScratch((scratch) =>
        runtime.kernels.convThinBackpropFilter(
          xAt,
          dyAt,
          x.shape[0],
          ...g.sizes,
          g.channelsOut,
          dwAt,
          scratch,
        ),
      );
      return;
    }
    runtime.floats(dwAt, g.patchSize * g.channelsOut).fill(0);
    forPatchBlocks(runtime, g, (row0, row1, patches) => {
      runtime.kernels.im2col(xAt, ...g.sizes, row0, row1, patches);
      const from = dyAt + row0 * g.channelsOut * 4;
      const rows = row1 - row0;
      runtime.gemm(true, false, g.patchSize, g.channelsOut, rows, patches, from, dwAt, { accumulate: true });
    });
  });
  return dw;
};
