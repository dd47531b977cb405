import type * as tf from '@tensorflow/tfjs-core';
import { kernelCode } from '../activation-names.js';
import type { ConvolutionAttrs } from '../convolution-attrs.js';
import type { Kernel } from '../define-op.js';
import { type Window, windowShape } from '../window.js';
import type { NativeOnlyKernels } from './native-kernels.js';
import { withOperands } from './operands.js';
import { NULL_POINTER, offset, type Pointer } from './pointer.js';
import { type WasmRuntime, wasmRuntime } from './runtime.js';

/** Floats of patches that are written at a time, few enough to stay in cache between im2col and the product. */
const PATCH_FLOATS = 1 << 16;

/** At most this many channels: an image costs more to copy into patches than to multiply. */
const THIN_CHANNELS = 4;

/** The sizes of a convolution, under the names that the kernels give them. */
interface Geometry {
  /** Image [n, h, w, c]. */
  n: number;
  h: number;
  w: number;
  c: number;
  /** Filter [kh, kw, c, channels]. */
  kh: number;
  kw: number;
  channels: number;
  stride: number;
  padding: number;
  /** Output [n, oh, ow, channels]. */
  oh: number;
  ow: number;
  patchRows: number;
  patchSize: number;
  isPointwise: boolean;
  /** Whether to multiply the image in place, row by row of the filter, without patches. */
  isThin: boolean;
}

function geometry(imageShape: number[], filterShape: number[], window: Window): Geometry {
  const [n, h, w, c] = imageShape;
  const [kh, kw, , channels] = filterShape;
  const { stride, padding } = window;
  const [oh, ow] = windowShape('conv2d', imageShape, filterShape, window);
  return {
    n,
    h,
    w,
    c,
    kh,
    kw,
    channels,
    stride,
    padding,
    oh,
    ow,
    patchRows: n * oh * ow,
    patchSize: kh * kw * c,
    isPointwise: kh === 1 && kw === 1 && stride === 1 && padding === 0,
    isThin: kw > 1 && c <= THIN_CHANNELS,
  };
}

/** A convolution, with its padding before the image if that differs from the one after it. */
type PaddedGeometry = Geometry & { padTop?: number; padLeft?: number };

/** Returns a convolution's sizes in the order of the kernels' arguments, from the image's height to the output's width. */
function windowSizes({ h, w, c, kh, kw, stride, padding, padTop, padLeft, oh, ow }: PaddedGeometry) {
  return [h, w, c, kh, kw, stride, stride, padTop ?? padding, padLeft ?? padding, oh, ow] as const;
}

/** Calls fn for each block of patch rows with a buffer that holds a block of patches. */
function forPatchBlocks(
  runtime: WasmRuntime,
  { patchRows, patchSize }: Geometry,
  fn: (row0: number, row1: number, patches: Pointer) => void,
): void {
  const rows = Math.max(1, Math.min(patchRows, Math.floor(PATCH_FLOATS / patchSize)));
  runtime.withScratch(rows * patchSize * 4, (patches) => {
    for (let row = 0; row < patchRows; row += rows) fn(row, Math.min(patchRows, row + rows), patches);
  });
}

/** Writes the patches of rows [row0, row1). */
function im2col(
  { kernels }: WasmRuntime,
  x: Pointer,
  g: Geometry,
  row0: number,
  row1: number,
  patches: Pointer,
): void {
  kernels.im2col(x, ...windowSizes(g), row0, row1, patches);
}

/** Writes the convolution of x with a filter by the native kernel. */
function convolveNative(
  native: NativeOnlyKernels,
  g: PaddedGeometry,
  x: Pointer,
  filter: Pointer,
  y: Pointer,
  bfloat16: boolean,
): void {
  native.convolve(x, g.n, ...windowSizes(g), filter, g.channels, y, NULL_POINTER, +bfloat16);
}

/** Returns whether the WebAssembly kernels compute a convolution by Winograd's algorithm. */
function hasTiles({ kernels }: WasmRuntime, g: Geometry): boolean {
  return kernels.transformedFilterFloats(...windowSizes(g), g.channels) > 0;
}

/**
 * Writes the convolution of x with a filter by Winograd's algorithm. Returns false if it must be computed directly: for sizes that
 * gain nothing, and if an output is not finite, because one NaN reaches a whole tile.
 */
function convolveTiles(
  runtime: WasmRuntime,
  g: PaddedGeometry,
  x: Pointer,
  filter: Pointer,
  y: Pointer,
): boolean {
  const { n, c, channels } = g;
  const { kernels } = runtime;
  const sizes = windowSizes(g);
  const floats = kernels.transformedFilterFloats(...sizes, channels);
  if (floats === 0) return false;
  const scratchBytes = kernels.winogradScratchBytes(c);
  return runtime.withScratch(scratchBytes + 4 * floats, (scratch) => {
    const weights = offset(scratch, scratchBytes);
    kernels.transformFilter(filter, c, channels, weights);
    const nothing = [NULL_POINTER, kernelCode.none, NULL_POINTER, NULL_POINTER] as const;
    return kernels.winogradFused(x, n, ...sizes, weights, channels, ...nothing, y, scratch) === 1;
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
  const { n, h, w, c, kh, kw, channels, stride, padding, oh, ow, patchRows, patchSize } = g;
  const y = runtime.output([n, oh, ow, channels]);
  const yAt = runtime.pointer(y);
  withOperands(runtime, attrs.precision, [x, filter], (xAt, filterAt, bfloat16) => {
    if (g.isPointwise) {
      runtime.gemm(false, false, patchRows, channels, patchSize, xAt, filterAt, yAt, { bfloat16 });
    } else if (runtime.native) {
      convolveNative(runtime.native, g, xAt, filterAt, yAt, bfloat16);
    } else if (convolveTiles(runtime, g, xAt, filterAt, yAt)) {
      // Computed.
    } else if (g.isThin) {
      runtime.withGemmScratch((scratch) =>
        runtime.kernels.convThin(
          xAt,
          n,
          h,
          w,
          c,
          kh,
          kw,
          stride,
          stride,
          padding,
          padding,
          oh,
          ow,
          filterAt,
          channels,
          yAt,
          scratch,
        ),
      );
    } else {
      forPatchBlocks(runtime, g, (row0, row1, patches) => {
        im2col(runtime, xAt, g, row0, row1, patches);
        const out = offset(yAt, row0 * channels * 4);
        runtime.gemm(false, false, row1 - row0, channels, patchSize, patches, filterAt, out);
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
  const { n, h, w, c, kh, kw, channels, stride, padding, oh, ow, patchRows, patchSize } = g;
  const dx = runtime.output(attrs.inputShape);
  const dxAt = runtime.pointer(dx);
  withOperands(runtime, attrs.precision, [dy, filter], (dyAt, filterAt, bfloat16) => {
    if (g.isPointwise) {
      runtime.gemm(false, true, patchRows, patchSize, channels, dyAt, filterAt, dxAt, { bfloat16 });
      return;
    }
    const { native, kernels } = runtime;
    const ofDy = { ...g, h: oh, w: ow, c: channels, channels: c, oh: h, ow: w };
    if (stride === 1 && padding < Math.min(kh, kw) && (native || hasTiles(runtime, ofDy))) {
      // A convolution of dy with the turned filter, which reads and writes each value once.
      const isComputed = runtime.withScratch(4 * patchSize * channels, (turned) => {
        kernels.turnFilter(filterAt, kh * kw, c, channels, turned);
        const padded = { ...ofDy, padTop: kh - 1 - padding, padLeft: kw - 1 - padding };
        if (!native) return convolveTiles(runtime, padded, dyAt, turned, dxAt);
        convolveNative(native, padded, dyAt, turned, dxAt, bfloat16);
        return true;
      });
      if (isComputed) return;
    }
    if (native) {
      native.convolveBackpropInput(dyAt, n, ...windowSizes(g), filterAt, channels, dxAt, +bfloat16);
      return;
    }
    runtime.floats(dxAt, n * h * w * c).fill(0);
    forPatchBlocks(runtime, g, (row0, row1, patches) => {
      const from = offset(dyAt, row0 * channels * 4);
      runtime.gemm(false, true, row1 - row0, patchSize, channels, from, filterAt, patches);
      runtime.kernels.col2im(
        patches,
        h,
        w,
        c,
        kh,
        kw,
        stride,
        stride,
        padding,
        padding,
        oh,
        ow,
        row0,
        row1,
        dxAt,
      );
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
  const { n, h, w, c, kh, kw, channels, stride, padding, oh, ow, patchRows, patchSize } = g;
  const dw = runtime.output(attrs.filterShape);
  const dwAt = runtime.pointer(dw);
  const sizes = [n, h, w, c, kh, kw, stride, stride, padding, padding, oh, ow, channels] as const;
  withOperands(runtime, attrs.precision, [x, dy], (xAt, dyAt, bfloat16) => {
    if (g.isPointwise) {
      runtime.gemm(true, false, patchSize, channels, patchRows, xAt, dyAt, dwAt, { bfloat16 });
      return;
    }
    if (runtime.native) {
      runtime.native.convolveBackpropFilter(xAt, dyAt, ...sizes, dwAt, NULL_POINTER, +bfloat16);
      return;
    }
    if (hasTiles(runtime, g)) {
      const { kernels } = runtime;
      const bytes = kernels.winogradBackpropFilterScratchBytes(c, channels);
      const allFinite = runtime.withScratch(bytes, (scratch) =>
        kernels.winogradBackpropFilter(
          xAt,
          dyAt,
          n,
          h,
          w,
          c,
          padding,
          padding,
          oh,
          ow,
          channels,
          dwAt,
          scratch,
        ),
      );
      if (allFinite) return;
    }
    if (g.isThin) {
      runtime.withGemmScratch((scratch) =>
        runtime.kernels.convThinBackpropFilter(xAt, dyAt, ...sizes, dwAt, scratch),
      );
      return;
    }
    runtime.floats(dwAt, patchSize * channels).fill(0);
    forPatchBlocks(runtime, g, (row0, row1, patches) => {
      im2col(runtime, xAt, g, row0, row1, patches);
      const from = offset(dyAt, row0 * channels * 4);
      const rows = row1 - row0;
      runtime.gemm(true, false, patchSize, channels, rows, patches, from, dwAt, { accumulate: true });
    });
  });
  return dw;
};
