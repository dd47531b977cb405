import type * as tf from '@tensorflow/tfjs-core';
import type { Kernel } from '../define-op.js';
import type { Window } from '../window.js';
import { forImages, GEOMETRY, loadRow, runLength, type Sizes, sizesOf } from './depthwise-geometry.js';
import { division, divisionKey, floats, type Program, repeat, widthOf } from './program.js';
import { type Range, type WebGpuRuntime, webGpuRuntime } from './runtime.js';
import { sumParts } from './sum-parts.js';
import { forEachWindow, splitId, splitPlace } from './windows.js';

export const depthwiseWebGpu: Kernel<{ x: tf.Tensor4D; filter: tf.Tensor4D }, Window> = ({
  inputs: { x, filter },
  attrs,
  backend,
}) => {
  const runtime = webGpuRuntime(backend);
  const sizes = sizesOf(x.shape, filter.shape, attrs);
  const y = runtime.output([sizes.batch, sizes.outHeight, sizes.outWidth, sizes.channels]);
  slide(runtime, sizes, x, filter, y, false, [attrs.padding, attrs.padding]);
  return y;
};

export const depthwiseBackpropInputWebGpu: Kernel<
  { dy: tf.Tensor4D; filter: tf.Tensor4D },
  Window & { inputShape: number[] }
> = ({ inputs: { dy, filter }, attrs: { inputShape, ...window }, backend }) => {
  const runtime = webGpuRuntime(backend);
  const sizes = sizesOf(inputShape, filter.shape, window);
  const dx = runtime.output(inputShape);
  const { kernelHeight, kernelWidth, height, width, outHeight, outWidth } = sizes;
  if (window.stride === 1) {
    // The convolution's results are the image of the gradient's.
    const swapped = { ...sizes, height: outHeight, width: outWidth, outHeight: height, outWidth: width };
    const pad: [number, number] = [kernelHeight - 1 - window.padding, kernelWidth - 1 - window.padding];
    slide(runtime, swapped, dy, filter, dx, true, pad);
  } else {
    sumWindows(runtime, sizes, dy, filter, dx);
  }
  return dx;
};

/**
 * Computes the convolution. Each invocation computes a run of neighboring results of its channels, and loads each image value
 * and each weight once for all of them. `flip` rotates the kernel by 180°: the gradient of the input at stride 1.
 */
function slide(
  runtime: WebGpuRuntime,
  sizes: Sizes,
  image: tf.TensorInfo,
  filter: tf.TensorInfo,
  out: tf.TensorInfo,
  flip: boolean,
  [padY, padX]: [number, number],
): void {
  const { height, channels, outHeight, outWidth, kernelHeight: kh, kernelWidth: kw, stride } = sizes;
  const vector = widthOf(channels);
  const T = floats(vector);
  const { workgroupSize } = runtime.tuning;
  const run = runLength(outWidth);
  const columns = (run - 1) * stride + kw;
  const most = (sizes.batch * outHeight * outWidth * channels) / vector;
  const program: Program = {
    key: `depthwise ${vector} ${kh}x${kw} ${stride} ${flip} ${run} ${workgroupSize} ${divisionKey(most)}`,
    declarations: division(most),
    inputs: { image: T, filterValues: T },
    outputs: { out: T },
    uniforms: { ...GEOMETRY, runs: 'i32' },
    workgroupSize,
    body: `
  let id = i32(group * ${workgroupSize}u + local);
  if (id < u.total) {
    let place = divide(id, u.channels);
    let c = id - place * u.channels;
    ${splitPlace('u.outHeight', 'u.runs')}
    let x0 = column * ${run};
    let left = x0 * ${stride} - u.padX;
    ${repeat(run, (r) => `var sum${r} = ${T}();`)}
    for (var ky = 0; ky < ${kh}; ky++) {
      let y = row * ${stride} - u.padY + ky;
      if (y >= 0 && y < u.height) {
        let origin = (n * u.height + y) * u.width;
        ${loadRow('image', columns)}
        let taps = ${flip ? `(${kh - 1} - ky)` : 'ky'} * ${kw};
        ${repeat(
          kw,
          (x) =>
            `{ let w = filterValues[(taps + ${flip ? kw - 1 - x : x}) * u.channels + c]; ${repeat(run, (r) => `sum${r} = fma(v${r * stride + x}, w, sum${r});`, ' ')} }`,
          '\n        ',
        )}
      }
    }
    let to = (n * u.outHeight + row) * u.outWidth + x0;
    ${repeat(run, (r) => `if (x0 + ${r} < u.outWidth) { out[(to + ${r}) * u.channels + c] = sum${r}; }`)}
  }`,
  };
  const runs = Math.ceil(outWidth / run);
  forImages(runtime, sizes, image, out, (imagePart, outPart, count) => {
    const total = (count * outHeight * runs * channels) / vector;
    runtime.run(
      program,
      { image: imagePart, filterValues: filter, out: outPart },
      {
        height,
        width: sizes.width,
        channels: channels / vector,
        outHeight,
        outWidth,
        padY,
        padX,
        total,
        runs,
      },
      Math.ceil(total / workgroupSize),
    );
  });
}

/** Computes the gradient of the input at any stride: each pixel sums over the windows that cover it. */
function sumWindows(
  runtime: WebGpuRuntime,
  sizes: Sizes,
  dy: tf.TensorInfo,
  filter: tf.TensorInfo,
  dx: tf.TensorInfo,
): void {
  const { height, width, channels, outHeight, outWidth, kernelHeight: kh, kernelWidth: kw } = sizes;
  const { stride, padding } = sizes;
  const vector = widthOf(channels);
  const T = floats(vector);
  const { workgroupSize } = runtime.tuning;
  const most = (sizes.batch * height * width * channels) / vector;
  const program: Program = {
    key: `depthwiseGather ${vector} ${kh}x${kw} ${stride} ${workgroupSize} ${divisionKey(most)}`,
    declarations: division(most),
    inputs: { dy: T, filterValues: T },
    outputs: { dx: T },
    uniforms: GEOMETRY,
    workgroupSize,
    body: `
  let id = i32(group * ${workgroupSize}u + local);
  if (id < u.total) {
    ${splitId('u.height', 'u.width')}
    let x = column + u.padX;
    let y = row + u.padY;
    var sum = ${T}();
    ${forEachWindow(
      { kernelHeight: kh, kernelWidth: kw, stride },
      `sum = fma(dy[((n * u.outHeight + oy) * u.outWidth + ox) * u.channels + c], filterValues[(ky * ${kw} + kx) * u.channels + c], sum);`,
    )}
    dx[id] = sum;
  }`,
  };
  forImages(runtime, sizes, dx, dy, (dxPart, dyPart, count) => {
    const total = (count * height * width * channels) / vector;
    runtime.run(
      program,
      { dy: dyPart, filterValues: filter, dx: dxPart },
      {
        height,
        width,
        channels: channels / vector,
        outHeight,
        outWidth,
        padY: padding,
        padX: padding,
        total,
      },
      Math.ceil(total / workgroupSize),
    );
  });
}

/**
 * Computes the gradient of the filter. Each invocation keeps a row of the kernel's taps of its channels in registers and sums
 * over a strand of result rows. Then the strands are summed in order.
 */
export const depthwiseBackpropFilterWebGpu: Kernel<
  { x: tf.Tensor4D; dy: tf.Tensor4D },
  Window & { filterShape: number[] }
> = ({ inputs: { x, dy }, attrs: { filterShape, ...window }, backend }) => {
  const runtime = webGpuRuntime(backend);
  const sizes = sizesOf(x.shape, filterShape, window);
  const { batch, height, width, channels, outHeight, outWidth, kernelHeight, kernelWidth: kw } = sizes;
  const { stride, padding } = window;
  const vector = widthOf(channels);
  const T = floats(vector);
  const { workgroupSize, targetGroups } = runtime.tuning;
  const vectors = channels / vector;
  const dw = runtime.output(filterShape);
  const size = kernelHeight * kw * channels;
  const rows = batch * outHeight;
  const filling = Math.ceil((targetGroups * workgroupSize) / (vectors * kernelHeight));
  const strands = Math.max(1, Math.min(filling, Math.ceil(rows / 4), 256));
  const run = runLength(outWidth);
  const columns = (run - 1) * stride + kw;
  const most = Math.max(rows, strands * kernelHeight * vectors);
  const program: Program = {
    key: `depthwiseFilter ${vector} ${kw} ${stride} ${run} ${workgroupSize} ${divisionKey(most)}`,
    declarations: division(most),
    inputs: { x: T, dy: T },
    outputs: { partials: T },
    uniforms: { ...GEOMETRY, kernelHeight: 'i32', rows: 'i32', strands: 'i32', firstStrand: 'i32' },
    workgroupSize,
    body: `
  let id = i32(group * ${workgroupSize}u + local);
  if (id < u.total) {
    let place = divide(id, u.channels);
    let c = id - place * u.channels;
    let strand = divide(place, u.kernelHeight);
    let ky = place - strand * u.kernelHeight;
    ${repeat(kw, (k) => `var sum${k} = ${T}();`)}
    for (var row = strand; row < u.rows; row += u.strands) {
      let n = divide(row, u.outHeight);
      let y = (row - n * u.outHeight) * ${stride} - u.padY + ky;
      if (y >= 0 && y < u.height) {
        let origin = (n * u.height + y) * u.width;
        for (var ox = 0; ox < u.outWidth; ox += ${run}) {
          let left = ox * ${stride} - u.padX;
          ${loadRow('x', columns)}
          ${repeat(
            run,
            (r) =>
              `{ let d = dy[(row * u.outWidth + min(ox + ${r}, u.outWidth - 1)) * u.channels + c] * f32(ox + ${r} < u.outWidth); ${repeat(kw, (k) => `sum${k} = fma(v${r * stride + k}, d, sum${k});`, ' ')} }`,
            '\n          ',
          )}
        }
      }
    }
    let to = (((u.firstStrand + strand) * u.kernelHeight + ky) * ${kw}) * u.channels + c;
    ${repeat(kw, (k) => `partials[to + ${k} * u.channels] = sum${k};`)}
  }`,
  };
  const parts: [Range, Range, number][] = [];
  forImages(runtime, sizes, x, dy, (xPart, dyPart, count) => parts.push([xPart, dyPart, count]));
  const partials = runtime.output([strands * parts.length, size]);
  parts.forEach(([xPart, dyPart, count], i) => {
    const total = strands * kernelHeight * vectors;
    runtime.run(
      program,
      { x: xPart, dy: dyPart, partials },
      {
        height,
        width,
        channels: vectors,
        outHeight,
        outWidth,
        padY: padding,
        padX: padding,
        total,
        kernelHeight,
        rows: count * outHeight,
        strands,
        firstStrand: i * strands,
      },
      Math.ceil(total / workgroupSize),
    );
  });
  sumParts(runtime, partials, { parts: strands * parts.length, stride: size, count: size }, dw);
  runtime.free(partials);
  return dw;
};
