import type * as tf from '@tensorflow/tfjs-core';
import type { Kernel } from '../define-op.js';
import { division, divisionKey, floats, widthOf } from './program.js';
import { reduceOverWorkgroup, sharedReducer } from './reduce.js';
import { type Bound, type WebGpuRuntime, webGpuRuntime } from './runtime.js';

/** out[n, c] = factor · the sum over height and width of `value` at `at`; the inputs' shapes have four axes. */
export function sumOverImages(
  runtime: WebGpuRuntime,
  key: string,
  inputs: { [name: string]: tf.TensorInfo },
  factor: number,
  value: string,
): tf.TensorInfo {
  const names = Object.keys(inputs);
  const [batch, height, width, channels] = Object.values(inputs)[0].shape as [number, number, number, number];
  const out = runtime.output([batch, channels]);
  const { reducers, workgroupSize } = runtime.tuning;
  const vector = widthOf(channels);
  const T = floats(vector);
  const together = reducers > 1;
  const size = together ? reducers : workgroupSize;
  const program = {
    key: `${key} ${vector} ${size} ${together}`,
    inputs: Object.fromEntries(names.map((name) => [name, T])),
    outputs: { out: T },
    uniforms: { total: 'u32', pixels: 'u32', channels: 'u32', first: 'u32', factor: 'f32' } as const,
    workgroupSize: size,
    declarations: sharedReducer(reducers, [T]),
    body: `
  let place = ${together ? 'group' : `group * ${size}u + local`};
  let id = min(place, u.total - 1u);
  let origin = (id / u.channels) * u.pixels * u.channels + id % u.channels;
  var sum = ${T}();
  for (var p = ${together ? 'local' : '0u'}; p < u.pixels; p += ${together ? size : 1}u) {
    let at = origin +  p * u.channels;
    sum += ${value};
  }
  ${reduceOverWorkgroup(reducers, ['sum'])}
  if (${together ? 'local == 0u' : 'place < u.total'}) { out[u.first + id] = sum * u.factor; }`,
  };
  const pixels = height * width;
  // The sums are bound whole: parts of them need not begin at aligned addresses.
  runtime.forParts(key, batch, [pixels * channels], (start, count) => {
    const bound: Bound = { out };
    for (const name of names) {
      const row = pixels * channels;
      bound[name] = { tensor: inputs[name], start: start * row, count: count * row };
    }
    const total = (count * channels) / vector;
    const groups = together ? total : Math.ceil(total / size);
    const first = (start * channels) / vector;
    runtime.run(program, bound, { total, pixels, channels: channels / vector, first, factor }, groups);
  });
  return out;
}

/** out[n, h, w, c] = `value` at `at`, with what each image and channel has once at `once`. */
function spreadOverImages(
  runtime: WebGpuRuntime,
  key: string,
  outShape: [number, number, number, number],
  image: { [name: string]: tf.TensorInfo },
  perImage: { [name: string]: tf.TensorInfo },
  factor: number,
  value: string,
): tf.TensorInfo {
  const [batch, height, width, channels] = outShape;
  const out = runtime.output(outShape);
  const { workgroupSize } = runtime.tuning;
  const vector = widthOf(channels);
  const T = floats(vector);
  const most = (batch * height * width * channels) / vector;
  const program = {
    key: `${key} ${vector} ${workgroupSize} ${divisionKey(most)}`,
    declarations: division(most),
    inputs: Object.fromEntries([...Object.keys(image), ...Object.keys(perImage)].map((name) => [name, T])),
    outputs: { out: T },
    uniforms: { total: 'u32', imageSize: 'u32', channels: 'u32', factor: 'f32' } as const,
    workgroupSize,
    body: `
  let at = group * ${workgroupSize}u + local;
  if (at < u.total) {
    let place = divide(i32(at), i32(u.channels));
    let once = u32(divide(i32(at), i32(u.imageSize)) * i32(u.channels) + i32(at) - place * i32(u.channels));
    out[at] = ${value};
  }`,
  };
  const imageSize = height * width * channels;
  runtime.forParts(key, batch, [imageSize, channels], (start, count) => {
    const part = (tensor: tf.TensorInfo, row: number) => ({ tensor, start: start * row, count: count * row });
    const bound: Bound = { out: part(out, imageSize) };
    for (const [name, tensor] of Object.entries(image)) bound[name] = part(tensor, imageSize);
    for (const [name, tensor] of Object.entries(perImage)) bound[name] = part(tensor, channels);
    const total = (count * imageSize) / vector;
    const numbers = { total, imageSize: imageSize / vector, channels: channels / vector, factor };
    runtime.run(program, bound, numbers, Math.ceil(total / workgroupSize));
  });
  return out;
}

export const globalAveragePoolWebGpu: Kernel<{ x: tf.Tensor4D }, { height: number; width: number }> = ({
  inputs: { x },
  attrs: { height, width },
  backend,
}) => sumOverImages(webGpuRuntime(backend), 'globalAveragePool', { x }, 1 / (height * width), 'x[at]');

export const globalAveragePoolGradWebGpu: Kernel<{ dy: tf.Tensor2D }, { height: number; width: number }> = ({
  inputs: { dy },
  attrs: { height, width },
  backend,
}) =>
  spreadOverImages(
    webGpuRuntime(backend),
    'globalAveragePoolGrad',
    [dy.shape[0], height, width, dy.shape[1]],
    {},
    { dy },
    1 / (height * width),
    'dy[once] * u.factor',
  );

export const scaleChannelsWebGpu: Kernel<{ x: tf.Tensor4D; gate: tf.Tensor2D }, object> = ({
  inputs: { x, gate },
  backend,
}) =>
  spreadOverImages(
    webGpuRuntime(backend),
    'scaleChannels',
    x.shape,
    { x },
    { gate },
    1,
    'x[at] * gate[once]',
  );

export const scaleChannelsGradGateWebGpu: Kernel<{ x: tf.Tensor4D; dy: tf.Tensor4D }, object> = ({
  inputs: { x, dy },
  backend,
}) => sumOverImages(webGpuRuntime(backend), 'scaleChannelsGradGate', { x, dy }, 1, 'x[at] * dy[at]');
