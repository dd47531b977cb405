import type * as tf from '@tensorflow/tfjs-core';
import { type Window, windowShape } from '../window.js';
import { division, divisionKey, floats, type Program, widthOf } from './program.js';
import { HALF_BYTES, type Operand, type Range, type WebGpuRuntime } from './runtime.js';
import { forEachWindow, splitId, splitPlace } from './windows.js';

/** Largest number of values in the patches of a part of the batch. */
const MOST_PATCH_VALUES = 1 << 23;

/** Sizes of a convolution; a patch is a window of the image as a row of a matrix. */
export interface Geometry {
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
  /** Whether the convolution is a product of the image and the filter as they are. */
  isPointwise: boolean;
  /** Number of values of a patch. */
  patchSize: number;
  /** `patchSize`, rounded up to whole vectors. */
  paddedSize: number;
}

/** Returns the sizes of a convolution. */
export function geometryOf(imageShape: number[], filterShape: number[], window: Window): Geometry {
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
    isPointwise: kernelHeight === 1 && kernelWidth === 1 && window.stride === 1 && window.padding === 0,
    patchSize,
    paddedSize: Math.ceil(patchSize / 4) * 4,
  };
}

/**
 * Splits the batch into parts whose patches fit, and runs fn with an undefined tensor for the patches: [rows, paddedSize].
 * @param exponent Set if the patches are half floats.
 * @param isHalf Whether the images or the results are half floats.
 */
export function forPatches(
  runtime: WebGpuRuntime,
  g: Geometry,
  { exponent, isHalf = exponent !== undefined }: { exponent?: tf.TensorInfo; isHalf?: boolean },
  fn: (first: number, count: number, patches: Range, rows: number) => void,
): void {
  const rowsEach = g.outHeight * g.outWidth;
  const values = Math.min(MOST_PATCH_VALUES, runtime.maxBindingBytes / 4);
  let part = Math.max(1, Math.min(g.batch, Math.floor(values / (rowsEach * g.paddedSize))));
  // Every part must begin at an aligned address.
  const images = [g.height * g.width * g.channels, rowsEach * g.channelsOut];
  const step = runtime.alignedRows(images, isHalf ? HALF_BYTES : undefined);
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

/** Writes patches[(n, oy, ox), (ky, kx, c)] of the images from `first` on; zero outside of the image and of the patch. */
export function layOutPatches(
  runtime: WebGpuRuntime,
  g: Geometry,
  x: Operand,
  first: number,
  patches: Range,
): void {
  const { workgroupSize } = runtime.tuning;
  const vector = widthOf(g.channels);
  const f16 = patches.exponent !== undefined;
  const T = f16 ? { 1: 'f16', 4: 'vec4h' }[vector] : floats(vector);
  const rows = patches.count / g.paddedSize;
  const bySegments = runtime.tuning.reducers === 1;
  const total = bySegments ? rows * g.kernelHeight : (rows * g.paddedSize) / vector;
  const split = splitPlace('u.outHeight', 'u.outWidth');
  // On a GPU, neighboring invocations write neighboring values. On a software device each invocation copies a row of the
  // kernel, which is contiguous in the image and in the patch.
  const body = bySegments
    ? `
    let place = divide(id, u.kernelHeight);
    let ky = id - place * u.kernelHeight;
    ${split}
    let y = row * u.stride - u.padding + ky;
    let first = (column * u.stride - u.padding) * u.channels;
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
    ${split}
    let tap = divide(at, u.channels);
    let c = at - tap * u.channels;
    let ky = divide(tap, u.kernelWidth);
    let y = row * u.stride - u.padding + ky;
    let px = column * u.stride - u.padding + tap - ky * u.kernelWidth;
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
    { x: sliceImages(g, x, first, count), patches },
    { ...numbersOf(g, vector), total },
    Math.ceil(total / workgroupSize),
  );
}

/** Computes each pixel of the images from `first` on as the sum of its values in all patches: the gradient of layOutPatches. */
export function addPatches(
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
    ${splitId('u.height', 'u.width')}
    let x = column + u.padding;
    let y = row + u.padding;
    var sum = ${T}();
    ${forEachWindow(
      { kernelHeight: 'u.kernelHeight', kernelWidth: 'u.kernelWidth', stride: 'u.stride' },
      'sum += patches[((n * u.outHeight + oy) * u.outWidth + ox) * u.rowVectors + (ky * u.kernelWidth + kx) * u.channels + c];',
    )}
    dx[id] = sum;
  }`,
  };
  runtime.run(
    program,
    { patches, dx: sliceImages(g, dx, first, count) },
    { ...numbersOf(g, vector), total },
    Math.ceil(total / workgroupSize),
  );
}

function sliceImages(g: Geometry, image: Operand, first: number, count: number): Range {
  return sliceBatch(image, g.height * g.width * g.channels, first, count);
}

/** Returns the results of `count` images from `first` on. */
export function sliceResults(g: Geometry, y: Operand, first: number, count: number): Range {
  return sliceBatch(y, g.outHeight * g.outWidth * g.channelsOut, first, count);
}

function sliceBatch(whole: Operand, size: number, first: number, count: number): Range {
  return { ...('tensor' in whole ? whole : { tensor: whole }), start: first * size, count: count * size };
}
