import type * as tf from '@tensorflow/tfjs-core';
import type { Kernel } from '../define-op.js';
import {
  type AdamWEachFactors,
  type AdamWEachInputs,
  type AdamWFactors,
  type AdamWInputs,
  adamWInputsAt,
} from '../optimizer-attrs.js';
import { forEachValue } from './elementwise.js';
import { floats, type Program, widthOf } from './program.js';
import { type Bound, type WebGpuRuntime, webGpuRuntime } from './runtime.js';

/** Updates the averages in place, unless another tensor shares them. The parameter gets a new tensor. */
export const adamWWebGpu: Kernel<AdamWInputs, AdamWFactors> = ({ inputs, attrs, backend }) => {
  const runtime = webGpuRuntime(backend);
  const { expAvg, expAvgSq } = inputs;
  return updateOne(runtime, inputs, attrs, runtime.isShared(expAvg) || runtime.isShared(expAvgSq));
};

/** As {@link adamWWebGpu} for each parameter, several in a dispatch. If any average is shared, all get new tensors. */
export const adamWEachWebGpu: Kernel<AdamWEachInputs, AdamWEachFactors> = ({
  inputs,
  attrs: { factors },
  backend,
}) => {
  const runtime = webGpuRuntime(backend);
  const all = factors.map((one, i): Update => ({ ...adamWInputsAt(inputs, i), factors: one }));
  if (all.some(({ expAvg, expAvgSq }) => runtime.isShared(expAvg) || runtime.isShared(expAvgSq))) {
    return all.flatMap(({ factors: one, ...tensors }) => updateOne(runtime, tensors, one, true));
  }
  const updated: tf.TensorInfo[] = [];
  const most = Math.floor(runtime.mostBuffers / BUFFERS);
  // Vectors of four where the size allows it.
  for (const width of [4, 1]) {
    const group: Group = [];
    const flush = () => {
      if (group.length > 0) updateGroup(runtime, group.splice(0));
    };
    all.forEach((update, i) => {
      const { size, shape } = update.parameter;
      if (widthOf(size) !== width) return;
      if (size === 0 || 4 * size > runtime.maxBindingBytes) {
        [updated[i]] = updateOne(runtime, update, update.factors, false);
        return;
      }
      updated[i] = runtime.output(shape);
      if (group.push({ ...update, updated: updated[i] }) === most) flush();
    });
    flush();
  }
  return updated;
};

/** Tensors of a parameter that a program binds. */
const BUFFERS = 5;

type Update = AdamWInputs & { factors: AdamWFactors };
type Group = (Update & { updated: tf.TensorInfo })[];
type Names = Record<keyof AdamWFactors | 'rest1' | 'rest2', string>;

const numbersOf = (factors: AdamWFactors) => ({
  ...factors,
  rest1: 1 - factors.beta1,
  rest2: 1 - factors.beta2,
});

/** Returns WGSL that updates the values at `i`; the names of tensors and numbers end in `index`. */
function updateValues(index: number | '', u: Names, averages = ['mean', 'meanSquare']): string {
  return `let g = gradient${index}[i] * ${u.gradientScale};
    let m = ${averages[0]}${index}[i] * ${u.beta1} + g * ${u.rest1};
    let v = ${averages[1]}${index}[i] * ${u.beta2} + g * g * ${u.rest2};
    mean${index}[i] = m;
    meanSquare${index}[i] = v;
    updated${index}[i] = parameter${index}[i] * ${u.kept} - (m * ${u.stepSize}) / (sqrt(v) * ${u.inverseRootCorrection2} + ${u.eps});`;
}

const namesOf = (numbers: object, index: number | '') =>
  Object.fromEntries(Object.keys(numbers).map((name) => [name, `u.${name}${index}`])) as Names;

function updateOne(
  runtime: WebGpuRuntime,
  { parameter, gradient, expAvg, expAvgSq }: AdamWInputs,
  factors: AdamWFactors,
  shared: boolean,
): tf.TensorInfo[] {
  const updated = runtime.output(parameter.shape);
  const [mean, meanSquare]: [tf.TensorInfo, tf.TensorInfo] = shared
    ? [runtime.output(expAvg.shape), runtime.output(expAvgSq.shape)]
    : [expAvg, expAvgSq];
  const numbers = numbersOf(factors);
  forEachValue(runtime, {
    key: `adamW ${shared}`,
    tensors: { parameter, gradient, ...(shared && { expAvg, expAvgSq }), updated, mean, meanSquare },
    written: ['updated', 'mean', 'meanSquare'],
    numbers,
    body: () => updateValues('', namesOf(numbers, ''), shared ? ['expAvg', 'expAvgSq'] : undefined),
  });
  return shared ? [updated, mean, meanSquare] : [updated];
}

/** Updates several parameters in one dispatch: a run of workgroups for each. */
function updateGroup(runtime: WebGpuRuntime, group: Group): void {
  const { workgroupSize } = runtime.tuning;
  const width = widthOf(...group.map(({ parameter }) => parameter.size));
  const T = floats(width);
  const inputs: Program['inputs'] = {};
  const outputs: Program['outputs'] = {};
  const uniforms: Program['uniforms'] = {};
  const bound: Bound = {};
  const numbers: { [name: string]: number } = {};
  let groups = 0;
  group.forEach(({ parameter, gradient, expAvg, expAvgSq, updated, factors }, i) => {
    Object.assign(bound, {
      [`parameter${i}`]: parameter,
      [`gradient${i}`]: gradient,
      [`updated${i}`]: updated,
      [`mean${i}`]: expAvg,
      [`meanSquare${i}`]: expAvgSq,
    });
    for (const name of ['parameter', 'gradient']) inputs[`${name}${i}`] = T;
    for (const name of ['updated', 'mean', 'meanSquare']) outputs[`${name}${i}`] = T;
    const count = parameter.size / width;
    const whole = { count, first: groups };
    for (const [name, value] of Object.entries(whole)) {
      uniforms[`${name}${i}`] = 'u32';
      numbers[`${name}${i}`] = value;
    }
    for (const [name, value] of Object.entries(numbersOf(factors))) {
      uniforms[`${name}${i}`] = 'f32';
      numbers[`${name}${i}`] = value;
    }
    groups += Math.ceil(count / workgroupSize);
  });
  const names = numbersOf(group[0].factors);
  // From the last parameter to the first, whose workgroups begin at 0.
  const branches = group.map((_, i) => i).reverse();
  const program: Program = {
    key: `adamWOfEach ${group.length} ${width} ${workgroupSize}`,
    inputs,
    outputs,
    uniforms,
    workgroupSize,
    body: branches
      .map(
        (i) => `if (group >= u.first${i}) {
    let i = (group - u.first${i}) * ${workgroupSize}u + local;
    if (i < u.count${i}) {
    ${updateValues(i, namesOf(names, i))}
    }
  }`,
      )
      .join(' else '),
  };
  runtime.run(program, bound, numbers, groups);
}
