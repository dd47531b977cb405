import type * as tf from '@tensorflow/tfjs-core';
import type { ConvolutionAttrs } from '../define-convolution.js';
import type { Kernel } from '../define-op.js';
import { type Window, windowShape } from '../window.js';
import { multiply, sumParts } from './mat-mul.js';
import { withOperands } from './operands.js';
import { division, divisionKey, floats, type Program, widthOf } from './program.js';
import { HALF_BYTES, type Operand, type Range, type WebGpuRuntime, webGpuRuntime } from './runtime.js';

// Patches are laid out for a part of the batch at a time, of at most so many values.
const MOST_PATCH_VALUES = 1 << 23;

interface Geometry {
  batch: number;
  height: number;
  width: number;
  channels: number;
  outHeight: number;
  outWidth: number;
  channelsOut: number;
  kernelHeight: number;
  kernelWidth: number;
  window: Window;
  pointwise: boolean;
  /** Values of a patch, and the same rounded up to whole vectors. */
  patchSize: number;
  paddedSize: number;
}

function geometryOf(imageShape: number[], filterShape: number[], window: Window): Geometry {
  const [batch, height, width, channels] = imageShape as [number, number, number, number];
  const [kernelHeight, kernelWidth, , channelsOut] = filterShape as [number, number, number, number];
  const [outHeight, outWidth] = windowShape('conv2d', imageShape, filterShape, window);
  const patchSize = kernelHeight * kernelWidth * channels;
  return {
    batch,
    height,
    width,
    channels,
    outHeight,
    outWidth,
    channelsOut,
    kernelHeight,
    kernelWidth,
    window,
    pointwise: kernelHeight === 1 && kernelWidth === 1 && window.stride === 1 && window.padding === 0,
    patchSize,
    paddedSize: Math.ceil(patchSize / 4) * 4,
  };
}

/**
 * Runs fn for images in parts whose patches fit, with room for these: [rows, paddedSize], of half floats where they are of
 * such an image.
 * @param dense Whether images or results are half floats.
 */
function forPatches(
  runtime: WebGpuRuntime,
  g: Geometry,
  { exponent, dense = exponent !== undefined }: { exponent?: tf.TensorInfo; dense?: boolean },
  fn: (first: number, count: number, patches: Range, rows: number) => void,
): void {
  const rowsEach = g.outHeight * g.outWidth;
  const values = Math.min(MOST_PATCH_VALUES, runtime.maxBindingBytes / 4);
  let part = Math.max(1, Math.min(g.batch, Math.floor(values / (rowsEach * g.paddedSize))));
  // Parts that are not the whole begin at aligned addresses.
  const images = [g.height * g.width * g.channels, rowsEach * g.channelsOut];
  const step = runtime.alignedRows(images, dense ? HALF_BYTES : undefined);
  if (part < g.batch && part >= step) part -= part % step;
  for (let first = 0; first < g.batch; first += part) {
    const count = Math.min(part, g.batch - first);
    const size = count * rowsEach * g.paddedSize;
    const tensor = runtime.output([exponent ? size / 2 : size]);
    fn(first, count, { tensor, start: 0, count: size, exponent }, count * rowsEach);
    runtime.free(tensor);
  }
}

const UNIFORMS = {
  height: 'i32',
  width: 'i32',
  channels: 'i32',
  outHeight: 'i32',
  outWidth: 'i32',
  kernelHeight: 'i32',
  kernelWidth: 'i32',
  stride: 'i32',
  padding: 'i32',
  rowVectors: 'i32',
  total: 'i32',
} as const;

const numbersOf = (g: Geometry, vector: number) => ({
  height: g.height,
  width: g.width,
  channels: g.channels / vector,
  outHeight: g.outHeight,
  outWidth: g.outWidth,
  kernelHeight: g.kernelHeight,
  kernelWidth: g.kernelWidth,
  stride: g.window.stride,
  padding: g.window.padding,
  rowVectors: g.paddedSize / vector,
});

/** Lays out the patches of images: patches[(n, oy, ox), (ky, kx, c)], zero outside of the image and of the patch. */
function layPatches(runtime: WebGpuRuntime, g: Geometry, x: Operand, first: number, patches: Range): void {
  const { workgroupSize } = runtime.tuning;
  const vector = widthOf(g.channels);
  const f16 = patches.exponent !== undefined;
  const T = f16 ? { 1: 'f16', 4: 'vec4h' }[vector] : floats(vector);
  const rows = patches.count / g.paddedSize;
  const bySegments = runtime.tuning.reducers === 1;
  const total = bySegments ? rows * g.kernelHeight : (rows * g.paddedSize) / vector;
  const place = `let line = divide(place, u.outWidth);
    let ox = place - line * u.outWidth;
    let n = divide(line, u.outHeight);
    let oy = line - n * u.outHeight;`;
  // A GPU wants neighbors to write neighbors. In software an invocation is cheaper the more it copies by itself: a row
  // of the kernel, which is contiguous in the image and in the patch.
  const body = bySegments
    ? `
    let place = divide(id, u.kernelHeight);
    let ky = id - place * u.kernelHeight;
    ${place}
    let y = oy * u.stride - u.padding + ky;
    let first = (ox * u.stride - u.padding) * u.channels;
    let length = u.kernelWidth * u.channels;
    let origin = (n * u.height + y) * u.width * u.channels + first;
    let to = place * u.rowVectors + ky * length;
    let inside = y >= 0 && y < u.height;
    for (var i = 0; i < length; i++) {
      var value = ${T}();
      if (inside && first + i >= 0 && first + i < u.width * u.channels) { value = x[origin + i]; }
      patches[to + i] = value;
    }
    if (ky == u.kernelHeight - 1) {
      for (var i = u.kernelHeight * length; i < u.rowVectors; i++) { patches[place * u.rowVectors + i] = ${T}(); }
    }`
    : `
    let place = divide(id, u.rowVectors);
    let at = id - place * u.rowVectors;
    ${place}
    let tap = divide(at, u.channels);
    let c = at - tap * u.channels;
    let ky = divide(tap, u.kernelWidth);
    let y = oy * u.stride - u.padding + ky;
    let px = ox * u.stride - u.padding + tap - ky * u.kernelWidth;
    var value = ${T}();
    if (ky < u.kernelHeight && y >= 0 && y < u.height && px >= 0 && px < u.width) {
      value = x[((n * u.height + y) * u.width + px) * u.channels + c];
    }
    patches[id] = value;`;
  const program: Program = {
    key: `conv2dPatches ${T} ${workgroupSize} ${bySegments} ${divisionKey(total)}`,
    f16,
    inputs: { x: T },
    outputs: { patches: T },
    uniforms: UNIFORMS,
    workgroupSize,
    declarations: division(total),
    body: `
  let id = i32(group * ${workgroupSize}u + local);
  if (id < u.total) {${body}
  }`,
  };
  const count = rows / (g.outHeight * g.outWidth);
  runtime.run(
    program,
    { x: imagesOf(g, x, first, count), patches },
    { ...numbersOf(g, vector), total },
    Math.ceil(total / workgroupSize),
  );
}

/** Adds patches back where they came from. */
function gatherPatches(
  runtime: WebGpuRuntime,
  g: Geometry,
  patches: Range,
  dx: tf.TensorInfo,
  first: number,
  count: number,
): void {
  const { workgroupSize } = runtime.tuning;
  const vector = widthOf(g.channels);
  const T = floats(vector);
  const total = (count * g.height * g.width * g.channels) / vector;
  const program: Program = {
    key: `conv2dGather ${vector} ${workgroupSize} ${divisionKey(total)}`,
    declarations: division(total),
    inputs: { patches: T },
    outputs: { dx: T },
    uniforms: UNIFORMS,
    workgroupSize,
    body: `
  let id = i32(group * ${workgroupSize}u + local);
  if (id < u.total) {
    let place = divide(id, u.channels);
    let c = id - place * u.channels;
    let line = divide(place, u.width);
    let x = place - line * u.width + u.padding;
    let n = divide(line, u.height);
    let y = line - n * u.height + u.padding;
    var sum = ${T}();
    for (var ky = y % u.stride; ky < u.kernelHeight; ky += u.stride) {
      let oy = (y - ky) / u.stride;
      if (y >= ky && oy < u.outHeight) {
        for (var kx = x % u.stride; kx < u.kernelWidth; kx += u.stride) {
          let ox = (x - kx) / u.stride;
          if (x >= kx && ox < u.outWidth) {
            sum += patches[((n * u.outHeight + oy) * u.outWidth + ox) * u.rowVectors + (ky * u.kernelWidth + kx) * u.channels + c];
          }
        }
      }
    }
    dx[id] = sum;
  }`,
  };
  runtime.run(
    program,
    { patches, dx: imagesOf(g, dx, first, count) },
    { ...numbersOf(g, vector), total },
    Math.ceil(total / workgroupSize),
  );
}

function imagesOf(g: Geometry, image: Operand, first: number, count: number): Range {
  return partOf(image, g.height * g.width * g.channels, first, count);
}

function resultsOf(g: Geometry, y: Operand, first: number, count: number): Range {
  return partOf(y, g.outHeight * g.outWidth * g.channelsOut, first, count);
}

function partOf(whole: Operand, size: number, first: number, count: number): Range {
  return { ...('tensor' in whole ? whole : { tensor: whole }), start: first * size, count: count * size };
}

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
    if (g.pointwise) {
      multiply(runtime, { ...plain, m: g.batch * g.height * g.width, k: g.channels }, x, filter, y);
      return;
    }
    forPatches(runtime, g, { exponent: exponentOf(x) }, (first, count, patches, m) => {
      layPatches(runtime, g, x, first, patches);
      const product = { ...plain, m, k: g.paddedSize, bRows: g.patchSize };
      multiply(runtime, product, patches, filter, resultsOf(g, y, first, count));
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
  const turned = { transposeA: false, transposeB: true, k: g.channelsOut };
  withOperands(runtime, precision, [inputs.dy, inputs.filter], (dy, filter) => {
    if (g.pointwise) {
      multiply(runtime, { ...turned, m: g.batch * g.height * g.width, n: g.channels }, dy, filter, dx);
      return;
    }
    // The patches' gradients are sums, so floats.
    forPatches(runtime, g, { dense: exponentOf(dy) !== undefined }, (first, count, patches, m) => {
      // The columns that only fill up a patch are never read.
      const product = { ...turned, m, n: g.paddedSize, bRows: g.patchSize };
      multiply(runtime, product, resultsOf(g, dy, first, count), filter, patches);
      gatherPatches(runtime, g, patches, dx, first, count);
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
  const turned = { transposeA: true, transposeB: false, n: g.channelsOut };
  withOperands(runtime, precision, [inputs.x, inputs.dy], (x, dy) => {
    if (g.pointwise) {
      multiply(runtime, { ...turned, m: g.channels, k: g.batch * g.height * g.width }, x, dy, dw);
      return;
    }
    // Each part of the batch gives a gradient of its own, in padded rows; they are summed in order.
    const parts: tf.TensorInfo[] = [];
    forPatches(runtime, g, { exponent: exponentOf(x) }, (first, count, patches, k) => {
      layPatches(runtime, g, x, first, patches);
      const part = runtime.output([g.paddedSize, g.channelsOut]);
      multiply(runtime, { ...turned, m: g.paddedSize, k }, patches, resultsOf(g, dy, first, count), part);
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
