import type * as tf from '@tensorflow/tfjs-core';
import { floats, type Program, repeat, widthOf } from './program.js';
import type { Bound, WebGpuRuntime } from './runtime.js';
import { sumParts } from './sum-parts.js';

// Rows per invocation: enough to amortize the loads of the channels' vectors.
const ROWS_EACH = 16;
/** Most rows that one part sums: a second dispatch would take longer. */
const ROWS_OF_ONE_PART = 64;

type Tensors = { [name: string]: tf.TensorInfo };
type Numbers = { [name: string]: number };

const assignType = (names: string[], type: string) => Object.fromEntries(names.map((name) => [name, type]));
const f32Uniforms = (numbers: Numbers) =>
  Object.fromEntries(Object.keys(numbers).map((name) => [name, 'f32' as const]));

/** Computes values of [rows, channels], with vectors of one value per channel. */
export function forChannels(
  runtime: WebGpuRuntime,
  op: {
    key: string;
    rows: number;
    channels: number;
    /** [rows, channels]. */
    tensors: Tensors;
    /** [channels]; read only. */
    vectors: Tensors;
    /** [1]; read as arrays of f32. */
    scalars?: Tensors;
    /** Names of the tensors that are written. */
    written: string[];
    numbers?: Numbers;
    /** Returns WGSL that runs once for the channels `c`. */
    before: (T: string) => string;
    /** Returns WGSL for the values at `at`. */
    each: (T: string) => string;
  },
): void {
  const { tensors, vectors, scalars = {}, written, numbers = {} } = op;
  const { workgroupSize } = runtime.tuning;
  const width = widthOf(op.channels);
  const T = floats(width);
  const names = Object.keys(tensors);
  const program: Program = {
    key: `${op.key} ${width} ${workgroupSize}`,
    inputs: {
      ...assignType(
        names.filter((name) => !written.includes(name)),
        T,
      ),
      ...assignType(Object.keys(vectors), T),
      ...assignType(Object.keys(scalars), 'f32'),
    },
    outputs: assignType(written, T),
    uniforms: { rows: 'u32', channels: 'u32', strands: 'u32', ...f32Uniforms(numbers) },
    workgroupSize,
    // Invocations interleave their rows, so that neighbors read one contiguous piece at a time.
    body: `
  let id = group * ${workgroupSize}u + local;
  let c = id % u.channels;
  let strand = id / u.channels;
  if (strand < u.strands) {
    ${op.before(T)}
    for (var row = strand; row < u.rows; row += u.strands) {
      let at = row * u.channels + c;
      ${op.each(T)}
    }
  }`,
  };
  const channels = op.channels / width;
  runtime.forParts(
    op.key.split(' ')[0],
    op.rows,
    names.map(() => op.channels),
    (start, rows) => {
      const bound: Bound = { ...vectors, ...scalars };
      for (const name of names) {
        bound[name] = { tensor: tensors[name], start: start * op.channels, count: rows * op.channels };
      }
      const strands = Math.ceil(rows / ROWS_EACH);
      const groups = Math.ceil((strands * channels) / workgroupSize);
      runtime.run(program, bound, { rows, channels, strands, ...numbers }, groups);
    },
  );
}

/**
 * Sums over rows in parts: an invocation per part p and channel vector sums the rows p, p + parts, p + 2 · parts, …
 * @returns partials [parts, sums, channels], which the caller frees.
 */
export function sumOverRows(
  runtime: WebGpuRuntime,
  op: {
    op: string;
    rows: number;
    channels: number;
    inputs: Tensors;
    vectors?: Tensors;
    scalars?: Tensors;
    numbers?: Numbers;
    /** Number of sums. */
    sums: number;
    /** Most parts. Default 1024. */
    mostParts?: number;
    /** Returns WGSL that runs before the rows, for the channels `c`. */
    before?: (T: string) => string;
    /** Returns WGSL that adds the values at `at` to `sum0`, `sum1`, … */
    each: (T: string) => string;
    /** Returns WGSL that runs after the rows. */
    after?: (T: string) => string;
  },
): { partials: tf.TensorInfo; parts: number } {
  const { inputs, vectors = {}, scalars = {}, numbers = {} } = op;
  const { workgroupSize, targetGroups } = runtime.tuning;
  const width = widthOf(op.channels);
  const T = floats(width);
  const channels = op.channels / width;
  const filling = Math.ceil((targetGroups * workgroupSize) / channels);
  const parts = Math.max(1, Math.min(filling, Math.ceil(op.rows / ROWS_EACH), op.mostParts ?? 1024));
  // If the rows must be bound in pieces, each piece has its own parts.
  const pieces: [start: number, rows: number][] = [];
  runtime.forParts(op.op.split(' ')[0], op.rows, [op.channels], (...piece) => pieces.push(piece));
  const partials = runtime.output([parts * pieces.length, op.sums, op.channels]);
  const program: Program = {
    key: `${op.op} ${width} ${workgroupSize}`,
    inputs: {
      ...assignType([...Object.keys(inputs), ...Object.keys(vectors)], T),
      ...assignType(Object.keys(scalars), 'f32'),
    },
    outputs: { partials: T },
    uniforms: { rows: 'u32', channels: 'u32', parts: 'u32', firstPart: 'u32', ...f32Uniforms(numbers) },
    workgroupSize,
    body: `
  let id = group * ${workgroupSize}u + local;
  let c = id % u.channels;
  let firstRow = id / u.channels;
  if (firstRow < u.parts) {
    let rowCount = (max(u.rows, firstRow) - firstRow + u.parts - 1u) / u.parts;
    ${repeat(op.sums, (i) => `var sum${i} = ${T}();`)}
    ${op.before?.(T) ?? ''}
    for (var row = firstRow; row < u.rows; row += u.parts) {
      let at = row * u.channels + c;
      ${op.each(T)}
    }
    ${op.after?.(T) ?? ''}
    ${repeat(op.sums, (i) => `partials[((u.firstPart + firstRow) * ${op.sums}u + ${i}u) * u.channels + c] = sum${i};`)}
  }`,
  };
  const groups = Math.ceil((parts * channels) / workgroupSize);
  pieces.forEach(([start, rows], i) => {
    const bound: Bound = { ...vectors, ...scalars, partials };
    for (const [name, tensor] of Object.entries(inputs)) {
      bound[name] = { tensor, start: start * op.channels, count: rows * op.channels };
    }
    runtime.run(program, bound, { rows, channels, parts, firstPart: i * parts, ...numbers }, groups);
  });
  return { partials, parts: parts * pieces.length };
}

/** Sums [rows, columns] over the rows: [columns]. */
export function sumColumns(
  runtime: WebGpuRuntime,
  x: tf.TensorInfo,
  rows: number,
  columns: number,
): tf.TensorInfo {
  const { partials, parts } = sumOverRows(runtime, {
    op: 'columnSums',
    rows,
    channels: columns,
    inputs: { x },
    sums: 1,
    mostParts: rows <= ROWS_OF_ONE_PART ? 1 : undefined,
    each: () => 'sum0 += x[at];',
  });
  if (parts === 1) return { ...partials, shape: [columns] };
  const out = runtime.output([columns]);
  sumParts(runtime, partials, { parts, stride: columns, count: columns }, out);
  runtime.free(partials);
  return out;
}
