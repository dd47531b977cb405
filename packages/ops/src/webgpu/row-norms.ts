import type * as tf from '@tensorflow/tfjs-core';
import { rowsOf } from '../check.js';
import type { Kernel } from '../define-op.js';
import { columnSums } from './channels.js';
import { floats, repeat, widthOf } from './program.js';
import { reduceOverWorkgroup, sharedReducer } from './reduce.js';
import { type Bound, type WebGpuRuntime, webGpuRuntime } from './runtime.js';

/** One sum over a row: a variable of the vectors' type, and WGSL that adds what is at `at` (column `c`). */
interface RowSum {
  name: string;
  each: string;
  /** WGSL after the sum, which is now the number `name`. */
  after: string;
}

/** Works on rows: sums over each, one after another, then each value. One invocation a row, or one workgroup. */
function forEachRow(
  runtime: WebGpuRuntime,
  op: {
    key: string;
    rows: number;
    columns: number;
    /** [rows, columns]. */
    tensors: { [name: string]: tf.TensorInfo };
    /** [columns]. */
    vectors?: { [name: string]: tf.TensorInfo };
    /** [rows, columns], written. */
    out: tf.TensorInfo;
    numbers: { [name: string]: number };
    sums: RowSum[];
    /** WGSL for the value at `at` (column `c`). */
    result: string;
  },
): void {
  const { tensors, vectors = {}, out, numbers } = op;
  if (op.rows === 0) return;
  const { reducers, workgroupSize } = runtime.tuning;
  const vector = widthOf(op.columns);
  const T = floats(vector);
  const together = reducers > 1;
  const size = together ? reducers : workgroupSize;
  const loop = (body: string) =>
    `for (var c = ${together ? 'local' : '0u'}; c < u.columns; c += ${together ? size : 1}u) { let at = origin +  c; ${body} }`;
  const total = (name: string) =>
    vector === 4 ? `(${name}V.x + ${name}V.y) + (${name}V.z + ${name}V.w)` : `${name}V`;
  const program = {
    key: `${op.key} ${vector} ${size} ${together}`,
    inputs: Object.fromEntries([...Object.keys(tensors), ...Object.keys(vectors)].map((name) => [name, T])),
    outputs: { out: T },
    uniforms: {
      rows: 'u32' as const,
      columns: 'u32' as const,
      inverseColumns: 'f32' as const,
      ...Object.fromEntries(Object.keys(numbers).map((name) => [name, 'f32' as const])),
    },
    workgroupSize: size,
    declarations: sharedReducer(reducers, ['f32']),
    body: `
  let place = ${together ? 'group' : `group * ${size}u + local`};
  let origin = min(place, u.rows - 1u) * u.columns;
  ${repeat(op.sums.length, (i) => {
    const { name, each, after } = op.sums[i];
    return `var ${name}V = ${T}();
  ${loop(each)}
  var ${name} = ${total(name)};
  ${reduceOverWorkgroup(reducers, [name])}
  ${after}`;
  })}
  ${together ? '' : 'if (place < u.rows) {'}
  ${loop(`out[at] = ${op.result};`)}
  ${together ? '' : '}'}`,
  };
  runtime.forParts(op.key, op.rows, [op.columns], (start, rows) => {
    const part = (tensor: tf.TensorInfo) => ({
      tensor,
      start: start * op.columns,
      count: rows * op.columns,
    });
    const bound: Bound = { ...vectors, out: part(out) };
    for (const [name, tensor] of Object.entries(tensors)) bound[name] = part(tensor);
    const columns = op.columns / vector;
    const numbersNow = { rows, columns, inverseColumns: 1 / op.columns, ...numbers };
    runtime.run(program, bound, numbersNow, together ? rows : Math.ceil(rows / size));
  });
}

export const l2NormalizeWebGpu: Kernel<{ x: tf.Tensor2D }, { epsilon: number }> = ({
  inputs: { x },
  attrs: { epsilon },
  backend,
}) => {
  const runtime = webGpuRuntime(backend);
  const out = runtime.output(x.shape);
  forEachRow(runtime, {
    key: 'l2Normalize',
    rows: x.shape[0],
    columns: x.shape[1],
    tensors: { x },
    out,
    numbers: { epsilon },
    sums: [
      {
        name: 'squares',
        each: 'squaresV = fma(x[at], x[at], squaresV);',
        after: 'let inverse = 1.0 / max(sqrt(squares), u.epsilon);',
      },
    ],
    result: 'x[at] * inverse',
  });
  return out;
};

export const l2NormalizeGradWebGpu: Kernel<{ x: tf.Tensor2D; dy: tf.Tensor2D }, { epsilon: number }> = ({
  inputs: { x, dy },
  attrs: { epsilon },
  backend,
}) => {
  const runtime = webGpuRuntime(backend);
  const out = runtime.output(x.shape);
  forEachRow(runtime, {
    key: 'l2NormalizeGrad',
    rows: x.shape[0],
    columns: x.shape[1],
    tensors: { x, dy },
    out,
    numbers: { epsilon },
    sums: [
      {
        name: 'squares',
        each: 'squaresV = fma(x[at], x[at], squaresV);',
        after: 'let norm = sqrt(squares); let inverse = 1.0 / max(norm, u.epsilon);',
      },
      {
        name: 'along',
        each: 'alongV = fma(x[at], dy[at], alongV);',
        after: 'let factor = select(0.0, along * inverse * inverse, norm > u.epsilon);',
      },
    ],
    result: '(dy[at] - x[at] * factor) * inverse',
  });
  return out;
};

const standardize: RowSum[] = [
  { name: 'sum', each: 'sumV += x[at];', after: 'let mean = sum * u.inverseColumns;' },
  {
    name: 'squares',
    each: 'let d = x[at] - mean; squaresV = fma(d, d, squaresV);',
    after: 'let invStd = inverseSqrt(squares * u.inverseColumns + u.epsilon);',
  },
];

type LayerNormInputs = { x: tf.Tensor; gamma: tf.Tensor1D; beta: tf.Tensor1D };

export const layerNormWebGpu: Kernel<LayerNormInputs, { epsilon: number }> = ({
  inputs: { x, gamma, beta },
  attrs: { epsilon },
  backend,
}) => {
  const runtime = webGpuRuntime(backend);
  const out = runtime.output(x.shape);
  forEachRow(runtime, {
    key: 'layerNorm',
    rows: rowsOf(x),
    columns: gamma.shape[0],
    tensors: { x },
    vectors: { gamma, beta },
    out,
    numbers: { epsilon },
    sums: standardize,
    result: '(x[at] - mean) * invStd * gamma[c] + beta[c]',
  });
  return out;
};

export const layerNormGradWebGpu: Kernel<
  { x: tf.Tensor; dy: tf.Tensor; gamma: tf.Tensor1D },
  { epsilon: number }
> = ({ inputs: { x, dy, gamma }, attrs: { epsilon }, backend }) => {
  const runtime = webGpuRuntime(backend);
  const rows = rowsOf(x);
  const columns = gamma.shape[0];
  const shape = { rows, columns, numbers: { epsilon }, tensors: { x, dy } };
  const dx = runtime.output(x.shape);
  forEachRow(runtime, {
    ...shape,
    key: 'layerNormGradInput',
    vectors: { gamma },
    out: dx,
    sums: [
      ...standardize,
      {
        name: 'g',
        each: 'gV = fma(dy[at], gamma[c], gV);',
        after: 'let gMean = g * u.inverseColumns;',
      },
      {
        name: 'along',
        each: 'alongV = fma(dy[at] * gamma[c], (x[at] - mean) * invStd, alongV);',
        after: 'let slope = along * u.inverseColumns;',
      },
    ],
    result: '(dy[at] * gamma[c] - gMean - (x[at] - mean) * invStd * slope) * invStd',
  });
  // The scale's gradient sums over rows what each row has standardized.
  const weighted = runtime.output(x.shape);
  forEachRow(runtime, {
    ...shape,
    key: 'layerNormGradScale',
    out: weighted,
    sums: standardize,
    result: 'dy[at] * (x[at] - mean) * invStd',
  });
  const dgamma = columnSums(runtime, weighted, rows, columns);
  runtime.free(weighted);
  return [dx, dgamma, columnSums(runtime, dy, rows, columns)];
};
