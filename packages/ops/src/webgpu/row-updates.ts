import type * as tf from '@tensorflow/tfjs-core';
import type { Kernel } from '../define-op.js';
import type { AdamWRowsFactors, AdamWRowsInputs } from '../optimizer-attrs.js';
import { floats, type Width, widthOf } from './program.js';
import { type WebGpuRuntime, webGpuRuntime } from './runtime.js';

/** In-place update of some rows of tables. */
interface RowProgram {
  key: string;
  /** float32 [rows, dimensions]; updated in place. */
  tables: { [name: string]: tf.TensorInfo };
  /** int32 [n]. */
  ids: tf.TensorInfo;
  /** float32 [n, dimensions]. */
  values: tf.TensorInfo;
  /** float32 [n]. */
  perRow?: { [name: string]: tf.TensorInfo };
  numbers?: { [name: string]: number };
  /** WGSL: `i` is the index of the row's id, `src` the index of a value in `values`, `at` its index in a table. */
  body: string;
}

/**
 * Runs a program over the given rows only, whatever the size of the tables. Tables too large to bind are split into parts, each
 * of which updates the rows in it.
 */
function updateRows(
  runtime: WebGpuRuntime,
  { key, tables, ids, values, perRow = {}, numbers = {}, body }: RowProgram,
): void {
  const [rows, dimensions] = Object.values(tables)[0].shape as [number, number];
  const count = ids.shape[0];
  if (count === 0 || dimensions === 0) return;
  const { workgroupSize } = runtime.tuning;
  const width: Width = widthOf(dimensions);
  const T = floats(width);
  const assignType = (names: object, type: string) =>
    Object.fromEntries(Object.keys(names).map((name) => [name, type]));
  const program = {
    key: `${key} ${width} ${workgroupSize}`,
    inputs: { ids: 'i32', values: T, ...assignType(perRow, 'f32') },
    outputs: assignType(tables, T),
    uniforms: {
      ...({ total: 'u32', dimensions: 'u32', first: 'i32', rows: 'i32', place: 'u32' } as const),
      ...Object.fromEntries(Object.keys(numbers).map((name) => [name, 'f32' as const])),
    },
    workgroupSize,
    body: `
  let src = group * ${workgroupSize}u + local;
  if (src < u.total) {
    let i = u.place + src / u.dimensions;
    let row = ids[i] - u.first;
    if (row >= 0 && row < u.rows) {
      let at = u32(row) * u.dimensions + src % u.dimensions;
      ${body}
    }
  }`,
  };
  runtime.forParts(key, rows, [dimensions], (first, part) =>
    runtime.forParts(key, count, [dimensions], (place, many) => {
      const total = (many * dimensions) / width;
      const partOf = (tensor: tf.TensorInfo, start: number, length: number) => ({
        tensor,
        start: start * dimensions,
        count: length * dimensions,
      });
      runtime.run(
        program,
        {
          ids,
          values: partOf(values, place, many),
          ...perRow,
          ...Object.fromEntries(
            Object.entries(tables).map(([name, table]) => [name, partOf(table, first, part)]),
          ),
        },
        { total, dimensions: dimensions / width, first, rows: part, place, ...numbers },
        Math.ceil(total / workgroupSize),
      );
    }),
  );
}

/** Updates the rows of all three tables in place. */
export const adamWRowsWebGpu: Kernel<AdamWRowsInputs, AdamWRowsFactors> = ({
  inputs: { parameter, expAvg, expAvgSq, ids, gradient, stepSize, inverseRootCorrection2 },
  attrs,
  backend,
}) => {
  updateRows(webGpuRuntime(backend), {
    key: 'adamWRows',
    tables: { parameter, expAvg, expAvgSq },
    ids,
    values: gradient,
    perRow: { stepSize, inverseRootCorrection2 },
    numbers: { ...attrs, rest1: 1 - attrs.beta1, rest2: 1 - attrs.beta2 },
    body: `let g = values[src] * u.gradientScale;
      let m = expAvg[at] * u.beta1 + g * u.rest1;
      let v = expAvgSq[at] * u.beta2 + g * g * u.rest2;
      expAvg[at] = m;
      expAvgSq[at] = v;
      parameter[at] = parameter[at] * u.kept - (m * stepSize[i]) / (sqrt(v) * inverseRootCorrection2[i] + u.eps);`,
  });
  return [];
};

/** Copies the rows into the table. */
export const assignRowsWebGpu: Kernel<{ table: tf.Tensor; ids: tf.Tensor; rows: tf.Tensor }, object> = ({
  inputs: { table, ids, rows },
  backend,
}) => {
  updateRows(webGpuRuntime(backend), {
    key: 'assignRows',
    tables: { table },
    ids,
    values: rows,
    body: 'table[at] = values[src];',
  });
  return [];
};
