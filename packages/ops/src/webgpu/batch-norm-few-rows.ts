/** Batch norm of small maps in one dispatch: a workgroup keeps to its channels and reads their rows again, from the cache. */
import type * as tf from '@tensorflow/tfjs-core';
import type { Affine, Statistics } from '../batch-norm-composition.js';
import { rowsOf } from '../check.js';
import type { Follower } from './batch-norm-follower.js';
import { floats, type Program, repeat, widthOf } from './program.js';
import { planReductions, reduceOverWorkgroup, sharedReducer } from './reduce.js';
import { outputsOf, type Running, readsOf, updateRunning } from './running-averages.js';
import { type Bound, sizeOf, type WebGpuRuntime } from './runtime.js';

/** Most values per channel: with more, few workgroups would compute longer than two more dispatches take. */
const MOST_ROWS = 2048;
/** Values that an invocation sums before it adds their sum to the total: short sums lose fewer digits. */
const BLOCK = 32;
/** Invocations per workgroup where each reduces its channels alone. Few, so that every core of a software device has work. */
const FEW_INVOCATIONS = 8;

/** Program for each vector of channels, whose body uses the channels `c`. */
interface FewRows {
  key: string;
  x: tf.Tensor;
  channels: number;
  inputs: { [name: string]: tf.TensorInfo };
  outputs: { [name: string]: tf.TensorInfo };
  running?: Running;
  numbers: { [name: string]: number };
  /** Number of sums, `sum0`, `sum1`, … */
  sums: number;
  body: (wgsl: Wgsl) => string;
}

interface Wgsl {
  T: string;
  /** Returns WGSL that sums over all rows: `each` adds the value at `at` to `part0`, `part1`, …, whose totals are `sum0`, … */
  sum: (count: number, each: string) => string;
  /** Returns WGSL that runs for each row, at `at`. */
  forRows: (body: string) => string;
  /** Returns WGSL that runs once. */
  once: (body: string) => string;
}

/** Returns whether a map is small and the device binds enough buffers for it. */
function hasFewRows(runtime: WebGpuRuntime, x: tf.Tensor, buffers: number): boolean {
  return rowsOf(x) <= MOST_ROWS && buffers <= runtime.mostBuffers && 4 * sizeOf(x) <= runtime.maxBindingBytes;
}

function runFewRows(runtime: WebGpuRuntime, op: FewRows): void {
  const { x, inputs, outputs, running, numbers } = op;
  const { reducers, workgroupSize } = runtime.tuning;
  const plan = planReductions({ reducers, workgroupSize: Math.min(FEW_INVOCATIONS, workgroupSize) });
  const width = widthOf(op.channels);
  const T = floats(width);
  const typed = (names: object) => Object.fromEntries(Object.keys(names).map((name) => [name, T]));
  const program: Program = {
    key: `${op.key} ${running !== undefined} ${width} ${plan.key}`,
    inputs: { ...typed(inputs), ...readsOf(running, T) },
    outputs: { ...typed(outputs), ...outputsOf(running, T) },
    uniforms: {
      rows: 'u32',
      channels: 'u32',
      ...Object.fromEntries(Object.keys(numbers).map((name) => [name, 'f32' as const])),
      ...running?.uniforms,
    },
    workgroupSize: plan.workgroupSize,
    declarations: sharedReducer(reducers, Array(op.sums).fill(T)),
    body: `
  let channel = ${plan.index};
  let c = min(channel, u.channels - 1u);
  ${repeat(op.sums, (i) => `var sum${i} = ${T}();`)}
  ${op.body({
    T,
    sum: (count, each) => {
      const all = (fn: (i: number) => string) => repeat(count, fn, ' ');
      const variables = Array.from({ length: count }, (_, i) => `sum${i}`);
      return `
  ${all((i) => `sum${i} = ${T}();`)}
  for (var block = 0u; block < u.rows; block += ${BLOCK * reducers}u) {
    ${all((i) => `var part${i} = ${T}();`)}
    let end = min(block + ${BLOCK * reducers}u, u.rows);
    for (var row = block + ${reducers > 1 ? 'local' : '0u'}; row < end; row += ${reducers}u) {
      let at = row * u.channels + c;
      ${each}
    }
    ${all((i) => `sum${i} += part${i};`)}
  }
  ${reduceOverWorkgroup(reducers, variables)}`;
    },
    forRows: (body) => `
  if (channel < u.channels) {
    ${plan.loop('row', 'u.rows')} {
      let at = row * u.channels + c;
      ${body}
    }
  }`,
    once: (body) => `
  if (${plan.writes('channel < u.channels')}) {
    ${body}
  }`,
  })}`,
  };
  const bound: Bound = { ...inputs, ...outputs, ...running?.tensors };
  const channels = op.channels / width;
  const uniforms = { rows: rowsOf(x), channels, ...numbers, ...running?.numbers };
  runtime.run(program, bound, uniforms, plan.groups(channels));
}

/** Computes [y, mean, variance] and the new running averages of a small map; undefined if it is too large. */
export function trainFewRows(
  runtime: WebGpuRuntime,
  { x, gamma, beta }: { x: tf.Tensor } & Affine,
  epsilon: number,
  { key, value, slopes }: Follower,
  running?: Running,
): tf.TensorInfo[] | undefined {
  if (slopes || !hasFewRows(runtime, x, running ? 10 : 6)) return;
  const channels = gamma.shape[0];
  const outputs = {
    y: runtime.output(x.shape),
    mean: runtime.output([channels]),
    variance: runtime.output([channels]),
  };
  runFewRows(runtime, {
    key: `batchNormFewRows ${key}`,
    x,
    channels,
    inputs: { x, gamma, beta },
    outputs,
    running,
    numbers: { epsilon, inverseRows: 1 / rowsOf(x) },
    sums: 1,
    // Differences from the first value, so that a large mean loses no digits.
    body: ({ T, sum, forRows, once }) => `
  let shift = x[c];
  ${sum(1, 'part0 += x[at] - shift;')}
  let average = shift + sum0 * u.inverseRows;
  ${sum(1, 'let d = x[at] - average; part0 = fma(d, d, part0);')}
  let spread = sum0 * u.inverseRows;
  ${once(`mean[c] = average; variance[c] = spread; ${running ? updateRunning('average', 'spread') : ''}`)}
  let a = gamma[c] * inverseSqrt(spread + u.epsilon);
  let b = beta[c] - average * a;
  ${forRows(`let z = fma(x[at], a, b); y[at] = ${value('z', T)};`)}`,
  });
  return [outputs.y, outputs.mean, outputs.variance, ...(running?.updated ?? [])];
}

/** Computes [dx, dgamma, dbeta] of a small map; undefined if it is too large. */
export function trainGradFewRows(
  runtime: WebGpuRuntime,
  inputs: { x: tf.Tensor; dy: tf.Tensor } & Affine & Statistics,
  epsilon: number,
  { key, gradient, slopes }: Follower,
): tf.TensorInfo[] | undefined {
  const { x, gamma } = inputs;
  if (slopes || !hasFewRows(runtime, x, 9)) return;
  const channels = gamma.shape[0];
  const outputs = {
    dx: runtime.output(x.shape),
    dgamma: runtime.output([channels]),
    dbeta: runtime.output([channels]),
  };
  runFewRows(runtime, {
    key: `batchNormGradFewRows ${key}`,
    x,
    channels,
    inputs: { ...inputs },
    outputs,
    numbers: { epsilon, inverseRows: 1 / rowsOf(x) },
    sums: 2,
    body: ({ T, sum, forRows, once }) => {
      const dz = `let xAt = x[at];
      let z = fma(xAt, a, b);
      let dyAt = dy[at];
      let dz = ${gradient('z', 'dyAt', T)};`;
      return `
  let invStd = inverseSqrt(variance[c] + u.epsilon);
  let m = mean[c];
  let a = gamma[c] * invStd;
  let b = beta[c] - m * a;
  ${sum(2, `${dz} part0 += dz; part1 = fma(dz, xAt - m, part1);`)}
  let along = sum1 * invStd;
  ${once('dbeta[c] = sum0; dgamma[c] = along;')}
  let p = -a * invStd * along * u.inverseRows;
  let q = -a * sum0 * u.inverseRows - p * m;
  ${forRows(`${dz} dx[at] = fma(dz, a, fma(xAt, p, q));`)}`;
    },
  });
  return [outputs.dx, outputs.dgamma, outputs.dbeta];
}
