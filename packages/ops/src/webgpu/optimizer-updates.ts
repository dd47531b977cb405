import type * as tf from '@tensorflow/tfjs-core';
import type { Kernel } from '../define-op.js';
import type { SgdFactors, SgdInputs } from '../optimizer-attrs.js';
import { forEachValue } from './elementwise.js';
import { floats, type Program, widthOf } from './program.js';
import { reduceOverWorkgroup, sharedReducer } from './reduce.js';
import { type WebGpuRuntime, webGpuRuntime } from './runtime.js';

/** Creates new tensors for the parameter and the momentum buffer. */
export const sgdWebGpu: Kernel<SgdInputs, SgdFactors> = ({
  inputs: { parameter, gradient, buffer },
  attrs: { nesterov, ...numbers },
  backend,
}) => {
  const runtime = webGpuRuntime(backend);
  const updated = runtime.output(parameter.shape);
  const changed = buffer && runtime.output(parameter.shape);
  const step = `let p = parameter[i];
    let d = gradient[i] * u.gradientScale + p * u.weightDecay;`;
  forEachValue(runtime, {
    key: `sgd ${changed !== undefined} ${nesterov}`,
    tensors: { parameter, gradient, updated, ...(changed && { buffer, changed }) },
    written: changed ? ['updated', 'changed'] : ['updated'],
    numbers,
    body: () =>
      changed
        ? `${step}
    let b = buffer[i] * u.kept + d * u.entering;
    changed[i] = b;
    updated[i] = p - u.lr * (${nesterov ? 'd + b * u.momentum' : 'b'});`
        : `${step}
    updated[i] = p - u.lr * d;`,
  });
  return changed ? [updated, changed] : [updated];
};

/** Sums parts by one invocation each, and then these sums: short sums lose fewer digits. */
export const sumSquaresWebGpu: Kernel<{ x: tf.Tensor }, object> = ({ inputs: { x }, backend }) => {
  const runtime = webGpuRuntime(backend);
  if (x.size === 0) return runtime.zeros([]);
  const out = runtime.output([]);
  sumSquaresInto(runtime, x, out, 0);
  return out;
};

/** Writes the sum of the squares of a tensor to the value of `out` at `index`. */
export function sumSquaresInto(
  runtime: WebGpuRuntime,
  x: tf.Tensor,
  out: tf.TensorInfo,
  index: number,
): void {
  const { size } = x;
  const { workgroupSize, targetGroups } = runtime.tuning;
  const width = widthOf(size);
  const T = floats(width);
  const count = size / width;
  const sums = Math.min(Math.ceil(count / 4), workgroupSize * targetGroups);
  const partials = runtime.output([sums]);
  const stage: Program = {
    key: `sumSquares ${width} ${workgroupSize}`,
    inputs: { x: T },
    outputs: { partials: 'f32' },
    uniforms: { count: 'u32', sums: 'u32', first: 'u32' },
    workgroupSize,
    body: `
  let at = group * ${workgroupSize}u + local;
  if (at < u.sums) {
    var sum = ${T}();
    for (var i = at; i < u.count; i += u.sums) { sum = fma(x[i], x[i], sum); }
    let total = ${width === 4 ? '(sum.x + sum.y) + (sum.z + sum.w)' : 'sum'};
    if (u.first == 1u) { partials[at] = total; } else { partials[at] += total; }
  }`,
  };
  runtime.forParts('sumSquares', count, [width], (start, part) =>
    runtime.run(
      stage,
      { x: { tensor: x, start: start * width, count: part * width }, partials },
      { count: part, sums, first: +(start === 0) },
      Math.ceil(sums / workgroupSize),
    ),
  );
  // Several reducers even on software devices: one long sum would lose digits.
  const reducers = Math.max(runtime.tuning.reducers, 16);
  runtime.run(
    {
      key: `sumAll ${reducers}`,
      inputs: { partials: 'f32' },
      outputs: { out: 'f32' },
      uniforms: { sums: 'u32', index: 'u32' },
      workgroupSize: reducers,
      declarations: sharedReducer(reducers, ['f32']),
      body: `
  var sum = 0.0;
  for (var i = local; i < u.sums; i += ${reducers}u) { sum += partials[i]; }
  ${reduceOverWorkgroup(reducers, ['sum'])}
  if (local == 0u) { out[u.index] = sum; }`,
    },
    { partials, out },
    { sums, index },
    1,
  );
  runtime.free(partials);
}
