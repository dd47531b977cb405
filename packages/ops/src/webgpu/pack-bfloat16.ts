import type * as tf from '@tensorflow/tfjs-core';
import type { Kernel } from '../define-op.js';
import type { Program } from './program.js';
import { roundedBits } from './round.js';
import { sizeOf, type WebGpuRuntime, webGpuRuntime } from './runtime.js';

export const packBfloat16WebGpu: Kernel<{ x: tf.Tensor }, object> = ({ inputs: { x }, backend }) => {
  const runtime = webGpuRuntime(backend);
  const packed = runtime.output([Math.ceil(x.size / 2)], 'int32');
  convert(runtime, { values: x, packed }, 'packed', {
    pair: `var high = 0u;
    if (2u * i + 1u < u.values) { high = ${roundedBits('values[2u * i + 1u]', 7, 'u32')}; }
    packed[i] = (${roundedBits('values[2u * i]', 7, 'u32')} >> 16u) | high;`,
    eight: `let a = ${roundedBits('values[2u * i]', 7, 'vec4u')};
    let b = ${roundedBits('values[2u * i + 1u]', 7, 'vec4u')};
    packed[i] = (vec4u(a.xz, b.xz) >> vec4u(16u)) | vec4u(a.yw, b.yw);`,
  });
  return packed;
};

export const unpackBfloat16WebGpu: Kernel<{ x: tf.Tensor }, { shape: number[] }> = ({
  inputs: { x },
  attrs: { shape },
  backend,
}) => {
  const runtime = webGpuRuntime(backend);
  const values = runtime.output(shape);
  convert(runtime, { packed: x, values }, 'values', {
    pair: `values[2u * i] = packed[i] << 16u;
    if (2u * i + 1u < u.values) { values[2u * i + 1u] = packed[i] & 0xffff0000u; }`,
    eight: `let low = packed[i] << vec4u(16u);
    let high = packed[i] & vec4u(0xffff0000u);
    values[2u * i] = vec4u(low.x, high.x, low.y, high.y);
    values[2u * i + 1u] = vec4u(low.z, high.z, low.w, high.w);`,
  });
  return values;
};

/**
 * Runs WGSL for each element `i` of `packed` and the elements 2i and 2i + 1 of `values`. Elements are vec4u if the number of
 * values is a multiple of 8 (`eight`), else u32 (`pair`). Floats are bound as their bits.
 */
function convert(
  runtime: WebGpuRuntime,
  tensors: { values: tf.TensorInfo; packed: tf.TensorInfo },
  written: 'values' | 'packed',
  code: { pair: string; eight: string },
): void {
  const count = sizeOf(tensors.values);
  if (count === 0) return;
  const { workgroupSize } = runtime.tuning;
  const [T, width, body] =
    count % 8 === 0 ? (['vec4u', 4, code.eight] as const) : (['u32', 1, code.pair] as const);
  const program: Program = {
    key: `bfloat16 ${written} ${width} ${workgroupSize}`,
    inputs: { [written === 'packed' ? 'values' : 'packed']: T },
    outputs: { [written]: T },
    uniforms: { packed: 'u32', values: 'u32' },
    workgroupSize,
    body: `
  let i = group * ${workgroupSize}u + local;
  if (i < u.packed) {
    ${body}
  }`,
  };
  const words = Math.ceil(count / 2);
  runtime.forParts('bfloat16', words / width, [2 * width, width], (start, elements) => {
    const first = 2 * width * start;
    const values = Math.min(2 * width * elements, count - first);
    const bound = {
      values: { tensor: tensors.values, start: first, count: values },
      packed: { tensor: tensors.packed, start: width * start, count: width * elements },
    };
    runtime.run(program, bound, { packed: elements, values }, Math.ceil(elements / workgroupSize));
  });
}
