import type * as tf from '@tensorflow/tfjs-core';
import type { Kernel } from '../define-op.js';
import { type PoolWindow, windowShape } from '../window.js';
import { division, divisionKey, floats, type Program, widthOf } from './program.js';
import { type WebGpuRuntime, webGpuRuntime } from './runtime.js';
import { splitId } from './windows.js';

const GEOMETRY = {
  height: 'i32',
  width: 'i32',
  channels: 'i32',
  outHeight: 'i32',
  outWidth: 'i32',
  padding: 'i32',
  total: 'i32',
} as const;

/** Returns the sizes of a pooling, and what its programs share. */
function planPooling(runtime: WebGpuRuntime, shape: readonly number[], window: PoolWindow) {
  const [batch, height, width, channels] = shape as [number, number, number, number];
  const { kernelSize, stride, padding } = window;
  const [outHeight, outWidth] = windowShape('maxPool2d', shape, [kernelSize, kernelSize], window);
  const vector = widthOf(channels);
  const imageSize = height * width * channels;
  const outSize = outHeight * outWidth * channels;
  const most = (batch * Math.max(imageSize, outSize)) / vector;
  const { workgroupSize } = runtime.tuning;
  return {
    batch,
    imageSize,
    outSize,
    outShape: [batch, outHeight, outWidth, channels],
    T: floats(vector),
    places: vector === 4 ? 'vec4i' : 'i32',
    words: vector === 4 ? 'vec4u' : 'u32',
    key: `${vector} ${kernelSize} ${stride} ${workgroupSize} ${divisionKey(most)}`,
    declarations: division(most),
    workgroupSize,
    /** Runs a program with one invocation per vector of the images or of the results. */
    run(program: Program, over: 'images' | 'results', bound: { [name: string]: tf.TensorInfo }): void {
      runtime.forParts('maxPool2d', batch, [imageSize, outSize], (start, count) => {
        const part = (name: string, tensor: tf.TensorInfo) => {
          const size = name === 'x' || name === 'dx' ? imageSize : outSize;
          return { tensor, start: start * size, count: count * size };
        };
        const total = (count * (over === 'images' ? imageSize : outSize)) / vector;
        const geometry = { height, width, channels: channels / vector, outHeight, outWidth, padding, total };
        runtime.run(
          program,
          Object.fromEntries(Object.entries(bound).map(([name, tensor]) => [name, part(name, tensor)])),
          geometry,
          Math.ceil(total / workgroupSize),
        );
      });
    },
  };
}

/**
 * Computes the maximum of each window, or its place in the image. The first of equal values in row-major order wins. Padding does
 * not count; no window is empty, since padding is at most half of it. NaN wins over every number and is recognized by its bits,
 * since WGSL need not compare it as IEEE 754 does.
 */
function findMaxima(runtime: WebGpuRuntime, x: tf.Tensor4D, window: PoolWindow, what: 'value' | 'place') {
  const plan = planPooling(runtime, x.shape, window);
  const { T, places, words, workgroupSize } = plan;
  const { kernelSize, stride } = window;
  const out = runtime.output(plan.outShape, what === 'value' ? 'float32' : 'int32');
  plan.run(
    {
      key: `maxPool2d ${what} ${plan.key}`,
      declarations: `${plan.declarations}
fn wins(v: ${T}, best: ${T}) -> ${T === 'f32' ? 'bool' : 'vec4<bool>'} {
  return (v > best) | ((bitcast<${words}>(v) & ${words}(0x7fffffffu)) > ${words}(0x7f800000u));
}`,
      inputs: { x: T },
      outputs: { out: what === 'value' ? T : places },
      uniforms: GEOMETRY,
      workgroupSize,
      body: `
  let id = i32(group * ${workgroupSize}u + local);
  if (id < u.total) {
    ${splitId('u.outHeight', 'u.outWidth')}
    let top = row * ${stride} - u.padding;
    let left = column * ${stride} - u.padding;
    let bottom = min(top + ${kernelSize}, u.height);
    let right = min(left + ${kernelSize}, u.width);
    let image = n * u.height * u.width;
    let start = max(top, 0) * u.width + max(left, 0);
    var best = x[(image + start) * u.channels + c];
    var at = ${places}(start);
    for (var iy = max(top, 0); iy < bottom; iy++) {
      for (var ix = max(left, 0); ix < right; ix++) {
        let here = iy * u.width + ix;
        let v = x[(image + here) * u.channels + c];
        let better = wins(v, best);
        best = select(best, v, better);
        at = select(at, ${places}(here), better);
      }
    }
    out[id] = ${what === 'value' ? 'best' : 'at'};
  }`,
    },
    'results',
    { x, out },
  );
  return { plan, out };
}

export const maxPool2dWebGpu: Kernel<{ x: tf.Tensor4D }, PoolWindow> = ({
  inputs: { x },
  attrs: window,
  backend,
}) => findMaxima(webGpuRuntime(backend), x, window, 'value').out;

/** Sums, for each place of the image, the gradients of the windows that it won; in a fixed order, without atomic additions. */
export const maxPool2dGradWebGpu: Kernel<{ x: tf.Tensor4D; y: tf.Tensor4D; dy: tf.Tensor4D }, PoolWindow> = ({
  inputs: { x, dy },
  attrs: window,
  backend,
}) => {
  const runtime = webGpuRuntime(backend);
  const { plan, out: winners } = findMaxima(runtime, x, window, 'place');
  const { T, places, workgroupSize } = plan;
  const { kernelSize, stride } = window;
  const dx = runtime.output(x.shape);
  plan.run(
    {
      key: `maxPool2dGrad ${plan.key}`,
      declarations: plan.declarations,
      inputs: { winners: places, dy: T },
      outputs: { dx: T },
      uniforms: GEOMETRY,
      workgroupSize,
      body: `
  let id = i32(group * ${workgroupSize}u + local);
  if (id < u.total) {
    ${splitId('u.height', 'u.width')}
    let own = ${places}(row * u.width + column);
    let bottom = min((row + u.padding) / ${stride}, u.outHeight - 1);
    let right = min((column + u.padding) / ${stride}, u.outWidth - 1);
    let top = max(row + u.padding - ${kernelSize - stride}, 0) / ${stride};
    let left = max(column + u.padding - ${kernelSize - stride}, 0) / ${stride};
    var sum = ${T}();
    for (var oy = top; oy <= bottom; oy++) {
      for (var ox = left; ox <= right; ox++) {
        let at = ((n * u.outHeight + oy) * u.outWidth + ox) * u.channels + c;
        sum += select(${T}(), dy[at], winners[at] == own);
      }
    }
    dx[id] = sum;
  }`,
    },
    'images',
    { winners, dy, dx },
  );
  runtime.free(winners);
  return dx;
};
