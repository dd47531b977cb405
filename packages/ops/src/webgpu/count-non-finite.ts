import type * as tf from '@tensorflow/tfjs-core';
import type { Kernel } from '../define-op.js';
import { type Program, widthOf } from './program.js';
import { webGpuRuntime } from './runtime.js';

/** Tests the bits of values: WGSL lets a device assume that floats are finite. */
export const countNonFiniteWebGpu: Kernel<{ x: tf.Tensor }, object> = ({ inputs: { x }, backend }) => {
  const runtime = webGpuRuntime(backend);
  const out = runtime.zeros([], 'int32');
  const { workgroupSize, targetGroups } = runtime.tuning;
  const width = widthOf(x.size);
  const T = width === 4 ? 'vec4u' : 'u32';
  const program: Program = {
    key: `countNonFinite ${width} ${workgroupSize}`,
    inputs: { x: T },
    outputs: { out: 'atomic<u32>' },
    uniforms: { count: 'u32', strands: 'u32' },
    workgroupSize,
    body: `
  var sums = ${T}();
  for (var i = group * ${workgroupSize}u + local; i < u.count; i += u.strands) {
    sums += select(${T}(), ${T}(1u), (x[i] & ${T}(0x7fffffffu)) >= ${T}(0x7f800000u));
  }
  let sum = ${width === 4 ? 'sums.x + sums.y + sums.z + sums.w' : 'sums'};
  if (sum > 0u) { atomicAdd(&out[0], sum); }`,
  };
  runtime.forParts('countNonFinite', x.size / width, [width], (start, count) => {
    const groups = Math.min(targetGroups, Math.ceil(count / workgroupSize));
    const part = { tensor: x, start: start * width, count: count * width };
    runtime.run(program, { x: part, out }, { count, strands: groups * workgroupSize }, groups);
  });
  return out;
};
