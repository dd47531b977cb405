import type * as tf from '@tensorflow/tfjs-core';
import type { Kernel } from '../define-op.js';
import type { Program } from './program.js';
import { roundedBits } from './round.js';
import { type WebGpuRuntime, webGpuRuntime } from './runtime.js';

export const packBfloat16WebGpu: Kernel<{ x: tf.Tensor }, object> = ({ inputs: { x }, backend }) => {
  const runtime = webGpuRuntime(backend);
  const packed = runtime.output([Math.ceil(x.size / 2)], 'int32');
  forPairs(runtime, x.size, { values: x, packed }, 'packed', [
    `let low = ${roundedBits('values[2u * i]', 7, 'u32')} >> 16u;`,
    'var high = 0u;',
    `if (2u * i + 1u < u.values) { high = ${roundedBits('values[2u * i + 1u]', 7, 'u32')}; }`,
    'packed[i] = low | high;',
  ]);
  return packed;
};

export const unpackBfloat16WebGpu: Kernel<{ x: tf.Tensor }, { shape: number[] }> = ({
  inputs: { x },
  attrs: { shape },
  backend,
}) => {
  const runtime = webGpuRuntime(backend);
  const values = runtime.output(shape);
  const count = shape.reduce((a, b) => a * b, 1);
  forPairs(runtime, count, { packed: x, values }, 'values', [
    'values[2u * i] = packed[i] << 16u;',
    'if (2u * i + 1u < u.values) { values[2u * i + 1u] = packed[i] & 0xffff0000u; }',
  ]);
  return values;
};

/** Runs code for each pair of values, at `i` in packed and twice that in values. All are taken as their bits. */
function forPairs(
  runtime: WebGpuRuntime,
  count: number,
  tensors: { values: tf.TensorInfo; packed: tf.TensorInfo },
  written: 'values' | 'packed',
  body: string[],
): void {
  if (count === 0) return;
  const { workgroupSize } = runtime.tuning;
  const program: Program = {
    key: `bfloat16 ${written} ${workgroupSize}`,
    inputs: { [written === 'packed' ? 'values' : 'packed']: 'u32' },
    outputs: { [written]: 'u32' },
    uniforms: { pairs: 'u32', values: 'u32' },
    workgroupSize,
    body: `
  let i = group * ${workgroupSize}u + local;
  if (i < u.pairs) {
    ${body.join('\n    ')}
  }`,
  };
  runtime.forParts('bfloat16', Math.ceil(count / 2), [2, 1], (start, pairs) => {
    const values = Math.min(2 * pairs, count - 2 * start);
    const bound = {
      values: { tensor: tensors.values, start: 2 * start, count: values },
      packed: { tensor: tensors.packed, start, count: pairs },
    };
    runtime.run(program, bound, { pairs, values }, Math.ceil(pairs / workgroupSize));
  });
}
