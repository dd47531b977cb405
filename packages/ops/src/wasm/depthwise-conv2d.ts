import type * as tf from '@tensorflow/tfjs-core';
import type { Kernel } from '../define-op.js';
import { type Window, windowShape } from '../window.js';
import type { Pointer } from './pointer.js';
import { type WasmRuntime, wasmRuntime } from './runtime.js';

/** The sizes of a depthwise convolution, under the names that the kernels give them. */
interface Geometry {
  /** Image [n, h, w, c]. */
  n: number;
  h: number;
  w: number;
  c: number;
  /** Filter [kh, kw, c]. */
  kh: number;
  kw: number;
  /** Strides. */
  sh: number;
  sw: number;
  padTop: number;
  padLeft: number;
  /** Output [n, oh, ow, c]. */
  oh: number;
  ow: number;
}

function geometry(imageShape: number[], filterShape: number[], window: Window): Geometry {
  const [n, h, w, c] = imageShape;
  const [kh, kw] = filterShape;
  const [oh, ow] = windowShape('depthwiseConv2d', imageShape, filterShape, window);
  const { stride, padding } = window;
  return { n, h, w, c, kh, kw, sh: stride, sw: stride, padTop: padding, padLeft: padding, oh, ow };
}

/** Widest image that is copied with its padding: in wider ones few outputs lie at a border. */
const PADDED_WIDTH = 16;

/** Writes the convolution of x with the filter to y. Small images are copied with zeros around them first. */
function convolve(runtime: WasmRuntime, g: Geometry, x: Pointer, filter: Pointer, y: Pointer): void {
  const { n, h, w, c, kh, kw, sh, sw, padTop, padLeft, oh, ow } = g;
  const isSquare = kh === kw && padTop === padLeft && (kw === 3 || kw === 5);
  if (sh !== 1 || !isSquare || c % 4 !== 0 || padTop === 0 || w > PADDED_WIDTH) {
    runtime.kernels.depthwise(x, n, h, w, c, filter, kh, kw, sh, sw, padTop, padLeft, oh, ow, y);
    return;
  }
  runtime.withScratch((h + 2 * padTop) * (w + 2 * padTop) * c * 4, (padded) =>
    runtime.kernels.depthwisePadded(x, n, h, w, c, filter, kw, padTop, oh, ow, y, padded),
  );
}

export const depthwiseWasm: Kernel<{ x: tf.Tensor4D; filter: tf.Tensor4D }, Window> = ({
  inputs: { x, filter },
  attrs,
  backend,
}) => {
  const runtime = wasmRuntime(backend);
  const g = geometry(x.shape, filter.shape, attrs);
  const y = runtime.output([g.n, g.oh, g.ow, g.c]);
  convolve(runtime, g, runtime.pointer(x), runtime.pointer(filter), runtime.pointer(y));
  return y;
};

export const depthwiseBackpropInputWasm: Kernel<
  { dy: tf.Tensor4D; filter: tf.Tensor4D },
  Window & { inputShape: number[] }
> = ({ inputs: { dy, filter }, attrs, backend }) => {
  const runtime = wasmRuntime(backend);
  const g = geometry(attrs.inputShape, filter.shape, attrs);
  const { n, h, w, c, kh, kw, sh, sw, padTop, padLeft, oh, ow } = g;
  const dx = runtime.output(attrs.inputShape);
  const [dyAt, filterAt, dxAt] = [runtime.pointer(dy), runtime.pointer(filter), runtime.pointer(dx)];
  const { stride, padding } = attrs;
  if (stride > 1 || padding >= Math.min(kh, kw)) {
    runtime.kernels.depthwiseBackpropInput(
      dyAt,
      n,
      h,
      w,
      c,
      filterAt,
      kh,
      kw,
      sh,
      sw,
      padTop,
      padLeft,
      oh,
      ow,
      dxAt,
    );
    return dx;
  }
  // At stride 1 this is a convolution of dy with the filter turned by 180 degrees.
  runtime.withScratch(kh * kw * c * 4, (turned) => {
    runtime.kernels.flipKernel(filterAt, kh * kw, c, turned);
    const [top, left] = [kh - 1 - padding, kw - 1 - padding];
    const ofDy: Geometry = { n, h: oh, w: ow, c, kh, kw, sh, sw, padTop: top, padLeft: left, oh: h, ow: w };
    convolve(runtime, ofDy, dyAt, turned, dxAt);
  });
  return dx;
};

export const depthwiseBackpropFilterWasm: Kernel<
  { x: tf.Tensor4D; dy: tf.Tensor4D },
  Window & { filterShape: number[] }
> = ({ inputs: { x, dy }, attrs, backend }) => {
  const runtime = wasmRuntime(backend);
  const g = geometry(x.shape, attrs.filterShape, attrs);
  const { n, h, w, c, kh, kw, sh, sw, padTop, padLeft, oh, ow } = g;
  const dw = runtime.output(attrs.filterShape);
  const [xAt, dyAt, dwAt] = [runtime.pointer(x), runtime.pointer(dy), runtime.pointer(dw)];
  runtime.kernels.depthwiseBackpropFilter(
    xAt,
    dyAt,
    n,
    h,
    w,
    c,
    kh,
    kw,
    sh,
    sw,
    padTop,
    padLeft,
    oh,
    ow,
    dwAt,
  );
  return dw;
};
