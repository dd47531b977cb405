import type * as tf from '@tensorflow/tfjs-core';
import { division, divisionKey, floats, widthOf } from './program.js';
import { planReductions, reduceOverWorkgroup, sharedReducer } from './reduce.js';
import type { Bound, WebGpuRuntime } from './runtime.js';

/** Computes out[n, c] = factor · Σ `value` over height and width, where `value` is WGSL of the term at `at`. Inputs are NHWC. */
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
  const { reducers } = runtime.tuning;
  const plan = planReductions(runtime.tuning);
  const vector = widthOf(channels);
  const T = floats(vector);
  const program = {
    key: `${key} ${vector} ${plan.key}`,
    inputs: Object.fromEntries(names.map((name) => [name, T])),
    outputs: { out: T },
    uniforms: { total: 'u32', pixels: 'u32', channels: 'u32', first: 'u32', factor: 'f32' } as const,
    workgroupSize: plan.workgroupSize,
    declarations: sharedReducer(reducers, [T]),
    body: `
  let place = ${plan.index};
  let id = min(place, u.total - 1u);
  let origin = (id / u.channels) * u.pixels * u.channels + id % u.channels;
  var sum = ${T}();
  ${plan.loop('p', 'u.pixels')} {
    let at = origin + p * u.channels;
    sum += ${value};
  }
  ${reduceOverWorkgroup(reducers, ['sum'])}
  if (${plan.writes('place < u.total')}) { out[u.first + id] = sum * u.factor; }`,
  };
  const pixels = height * width;
  // The sums are bound whole: their parts may not begin at aligned addresses.
  runtime.forParts(key, batch, [pixels * channels], (start, count) => {
    const bound: Bound = { out };
    for (const name of names) {
      const row = pixels * channels;
      bound[name] = { tensor: inputs[name], start: start * row, count: count * row };
    }
    const total = (count * channels) / vector;
    const first = (start * channels) / vector;
    const numbers = { total, pixels, channels: channels / vector, first, factor };
    runtime.run(program, bound, numbers, plan.groups(total));
  });
  return out;
}

/** Computes out[n, h, w, c] = `value`, WGSL of the value at `at`; tensors of one value per image and channel are read at `once`. */
export function spreadOverImages(
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
