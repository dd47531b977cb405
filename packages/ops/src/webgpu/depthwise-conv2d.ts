import type * as tf from '@tensorflow/tfjs-core';
import type { Kernel } from '../define-op.js';
import { type Window, windowShape } from '../window.js';
import { sumParts } from './mat-mul.js';
import { division, divisionKey, floats, type Program, repeat, widthOf } from './program.js';
import { type Range, type WebGpuRuntime, webGpuRuntime } from './runtime.js';

/** Sizes of a depthwise convolution; the image is its input, `out` what slides over it gives. */
interface Sizes {
  batch: number;
  height: number;
  width: number;
  channels: number;
  outHeight: number;
  outWidth: number;
  kernelHeight: number;
  kernelWidth: number;
  stride: number;
  padding: number;
}

function sizesOf(imageShape: number[], filterShape: number[], window: Window): Sizes {
  const [batch, height, width, channels] = imageShape as [number, number, number, number];
  const [kernelHeight, kernelWidth] = filterShape as [number, number];
  const [outHeight, outWidth] = windowShape('depthwiseConv2d', imageShape, filterShape, window);
  return { batch, height, width, channels, outHeight, outWidth, kernelHeight, kernelWidth, ...window };
}

const GEOMETRY = {
  height: 'i32',
  width: 'i32',
  channels: 'i32',
  outHeight: 'i32',
  outWidth: 'i32',
  padY: 'i32',
  padX: 'i32',
  total: 'i32',
} as const;

/** Runs fn for images in parts that can be bound. */
function forImages(
  runtime: WebGpuRuntime,
  { batch, height, width, channels, outHeight, outWidth }: Sizes,
  image: tf.TensorInfo,
  out: tf.TensorInfo,
  fn: (image: Range, out: Range, count: number) => void,
): void {
  const [imageSize, outSize] = [height * width * channels, outHeight * outWidth * channels];
  runtime.forParts('depthwiseConv2d', batch, [imageSize, outSize], (start, count) =>
    fn(
      { tensor: image, start: start * imageSize, count: count * imageSize },
      { tensor: out, start: start * outSize, count: count * outSize },
      count,
    ),
  );
}

/**
 * The convolution: an invocation has a row of `run` neighboring results of its channels, so that it loads each image
 * value and each weight once for them. With `flip` the kernel is turned round: the gradient for the input at stride 1.
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
  const run = outWidth >= 4 ? 4 : outWidth >= 2 ? 2 : 1;
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
    let line = divide(place, u.runs);
    let x0 = (place - line * u.runs) * ${run};
    let n = divide(line, u.outHeight);
    let y0 = line - n * u.outHeight;
    let left = x0 * ${stride} - u.padX;
    ${repeat(run, (r) => `var sum${r} = ${T}();`)}
    for (var ky = 0; ky < ${kh}; ky++) {
      let y = y0 * ${stride} - u.padY + ky;
      if (y >= 0 && y < u.height) {
        let origin = (n * u.height + y) * u.width;
        ${repeat(columns, (x) => `let v${x} = image[(origin + clamp(left + ${x}, 0, u.width - 1)) * u.channels + c] * f32(left + ${x} >= 0 && left + ${x} < u.width);`, '\n        ')}
        let taps = ${flip ? `(${kh - 1} - ky)` : 'ky'} * ${kw};
        ${repeat(
          kw,
          (x) =>
            `{ let w = filterValues[(taps + ${flip ? kw - 1 - x : x}) * u.channels + c]; ${repeat(run, (r) => `sum${r} = fma(v${r * stride + x}, w, sum${r});`, ' ')} }`,
          '\n        ',
        )}
      }
    }
    let to = (n * u.outHeight + y0) * u.outWidth + x0;
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
    // The results are the image now.
    const turned = { ...sizes, height: outHeight, width: outWidth, outHeight: height, outWidth: width };
    const pad: [number, number] = [kernelHeight - 1 - window.padding, kernelWidth - 1 - window.padding];
    slide(runtime, turned, dy, filter, dx, true, pad);
  } else {
    gather(runtime, sizes, dy, filter, dx);
  }
  return dx;
};

/** The gradient for the input at any stride: each pixel adds up the results that it had a part in. */
function gather(
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
  // Of the taps of a row only every stride-th falls on a result.
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
    let place = divide(id, u.channels);
    let c = id - place * u.channels;
    let line = divide(place, u.width);
    let x = place - line * u.width + u.padX;
    let n = divide(line, u.height);
    let y = line - n * u.height + u.padY;
    var sum = ${T}();
    for (var ky = y % ${stride}; ky < ${kh}; ky += ${stride}) {
      let oy = (y - ky) / ${stride};
      if (y >= ky && oy < u.outHeight) {
        for (var kx = x % ${stride}; kx < ${kw}; kx += ${stride}) {
          let ox = (x - kx) / ${stride};
          if (x >= kx && ox < u.outWidth) {
            sum = fma(dy[((n * u.outHeight + oy) * u.outWidth + ox) * u.channels + c], filterValues[(ky * ${kw} + kx) * u.channels + c], sum);
          }
        }
      }
    }
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
 * The gradient for the filter: an invocation has a row of taps of its channels in registers and adds up over a strand of
 * result rows; then the strands are summed in order.
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
  // Four results at a time share the image values under them.
  const run = outWidth >= 4 ? 4 : outWidth >= 2 ? 2 : 1;
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
          ${repeat(columns, (i) => `let v${i} = x[(origin + clamp(left + ${i}, 0, u.width - 1)) * u.channels + c] * f32(left + ${i} >= 0 && left + ${i} < u.width);`, '\n          ')}
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
