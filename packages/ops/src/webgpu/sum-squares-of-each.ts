import type * as tf from '@tensorflow/tfjs-core';
import type { Kernel } from '../define-op.js';
import { sumSquaresInto } from './optimizer-updates.js';
import { type Program, repeat } from './program.js';
import { reduceOverWorkgroup, sharedReducer } from './reduce.js';
import { type Bound, type WebGpuRuntime, webGpuRuntime } from './runtime.js';

/** Values of the largest tensor that one workgroup sums. */
const MOST_VALUES = 2 ** 15;

/** Tensors of one dispatch: a workgroup for each. */
type Group = { index: number; tensor: tf.Tensor }[];

/** Sums as many small tensors in a dispatch as a program can bind, and each large one in two dispatches. */
export const sumSquaresOfEachWebGpu: Kernel<{ [index: string]: tf.Tensor }, object> = ({
  inputs,
  backend,
}) => {
  const runtime = webGpuRuntime(backend);
  const tensors = Object.values(inputs);
  const out = runtime.zeros([tensors.length]);
  const small: Group = [];
  tensors.forEach((tensor, index) => {
    if (tensor.size > MOST_VALUES) sumSquaresInto(runtime, tensor, out, index);
    else if (tensor.size > 0) small.push({ index, tensor });
  });
  const most = runtime.mostBuffers - 1;
  for (let at = 0; at < small.length; at += most) sumGroup(runtime, small.slice(at, at + most), out);
  return out;
};

function sumGroup(runtime: WebGpuRuntime, group: Group, out: tf.TensorInfo): void {
  // Several reducers even on software devices: one long sum would lose digits.
  const reducers = Math.max(runtime.tuning.reducers, 16);
  const names = group.map((_, i) => i);
  const program: Program = {
    key: `sumSquaresOfEach ${group.length} ${reducers}`,
    inputs: Object.fromEntries(names.map((i) => [`x${i}`, 'f32'])),
    outputs: { out: 'f32' },
    uniforms: Object.fromEntries(
      names.flatMap((i) => [
        [`count${i}`, 'u32' as const],
        [`index${i}`, 'u32' as const],
      ]),
    ),
    workgroupSize: reducers,
    declarations: sharedReducer(reducers, ['f32']),
    body: `
  var sum = 0.0;
  var index = 0u;
  switch group {
    ${repeat(
      group.length,
      (i) => `${i === group.length - 1 ? 'default' : `case ${i}u`}: {
      index = u.index${i};
      for (var i = local; i < u.count${i}; i += ${reducers}u) { sum = fma(x${i}[i], x${i}[i], sum); }
    }`,
    )}
  }
  ${reduceOverWorkgroup(reducers, ['sum'])}
  if (local == 0u) { out[index] = sum; }`,
  };
  const bound: Bound = { out };
  const numbers: { [name: string]: number } = {};
  group.forEach(({ index, tensor }, i) => {
    bound[`x${i}`] = tensor;
    numbers[`count${i}`] = tensor.size;
    numbers[`index${i}`] = index;
  });
  runtime.run(program, bound, numbers, group.length);
}
