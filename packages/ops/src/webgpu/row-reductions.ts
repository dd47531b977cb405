import type * as tf from '@tensorflow/tfjs-core';
import { floats, repeat, widthOf } from './program.js';
import { planReductions, reduceOverWorkgroup, sharedReducer } from './reduce.js';
import type { Bound, WebGpuRuntime } from './runtime.js';

/** A sum over a row. */
export interface RowSum {
  /** WGSL name of the sum. */
  name: string;
  /** WGSL that adds the term at `at` (column `c`) to the vector `${name}V`. */
  each: string;
  /** WGSL that runs once the number `name` is complete. */
  after: string;
}

/** Computes sums over each row, one after another, and then each value of the row. */
export function forEachRow(
  runtime: WebGpuRuntime,
  op: {
    key: string;
    rows: number;
    columns: number;
    /** [rows, columns]. */
    tensors: { [name: string]: tf.TensorInfo };
    /** [columns]. */
    vectors?: { [name: string]: tf.TensorInfo };
    /** [rows, columns]; written. */
    out: tf.TensorInfo;
    numbers: { [name: string]: number };
    sums: RowSum[];
    /** WGSL for the value at `at` (column `c`). */
    result: string;
    /** Another output [rows, columns], and WGSL for its value. */
    second?: { out: tf.TensorInfo; result: string };
  },
): void {
  const { tensors, vectors = {}, out, second, numbers } = op;
  if (op.rows === 0) return;
  const { reducers } = runtime.tuning;
  const plan = planReductions(runtime.tuning);
  const vector = widthOf(op.columns);
  const T = floats(vector);
  const loop = (body: string) => `${plan.loop('c', 'u.columns')} { let at = origin + c; ${body} }`;
  const total = (name: string) =>
    vector === 4 ? `(${name}V.x + ${name}V.y) + (${name}V.z + ${name}V.w)` : `${name}V`;
  const program = {
    key: `${op.key} ${vector} ${plan.key}`,
    inputs: Object.fromEntries([...Object.keys(tensors), ...Object.keys(vectors)].map((name) => [name, T])),
    outputs: { out: T, ...(second && { second: T }) },
    uniforms: {
      rows: 'u32' as const,
      columns: 'u32' as const,
      inverseColumns: 'f32' as const,
      ...Object.fromEntries(Object.keys(numbers).map((name) => [name, 'f32' as const])),
    },
    workgroupSize: plan.workgroupSize,
    declarations: sharedReducer(reducers, ['f32']),
    body: `
  let place = ${plan.index};
  let origin = min(place, u.rows - 1u) * u.columns;
  ${repeat(op.sums.length, (i) => {
    const { name, each, after } = op.sums[i];
    return `var ${name}V = ${T}();
  ${loop(each)}
  var ${name} = ${total(name)};
  ${reduceOverWorkgroup(reducers, [name])}
  ${after}`;
  })}
  if (place < u.rows) {
  ${loop(`out[at] = ${op.result}; ${second ? `second[at] = ${second.result};` : ''}`)}
  }`,
  };
  runtime.forParts(op.key, op.rows, [op.columns], (start, rows) => {
    const part = (tensor: tf.TensorInfo) => ({
      tensor,
      start: start * op.columns,
      count: rows * op.columns,
    });
    const bound: Bound = { ...vectors, out: part(out), ...(second && { second: part(second.out) }) };
    for (const [name, tensor] of Object.entries(tensors)) bound[name] = part(tensor);
    const columns = op.columns / vector;
    const uniforms = { rows, columns, inverseColumns: 1 / op.columns, ...numbers };
    runtime.run(program, bound, uniforms, plan.groups(rows));
  });
}
