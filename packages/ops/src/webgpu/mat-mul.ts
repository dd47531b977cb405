import type * as tf from '@tensorflow/tfjs-core';
import type { Kernel } from '../define-op.js';
import type { ProductAttrs } from '../linear.js';
import { UNSCALE, withOperands } from './operands.js';
import { type Program, repeat, widthOf } from './program.js';
import {
  type Bound,
  HALF_BYTES,
  type Operand,
  type Range,
  type WebGpuRuntime,
  webGpuRuntime,
} from './runtime.js';

/** C [m, n] = A · B, each as stored or transposed. Leading dimensions are what rows are apart, in elements. */
export interface Product {
  transposeA: boolean;
  transposeB: boolean;
  m: number;
  n: number;
  k: number;
  /** Stored rows of B where these are fewer than the product's size says; what A has for the others must be 0. */
  bRows?: number;
}

/** Records C = A · B, A and B both of floats or both of half floats. Where k is long and C small, parts of k are summed by workgroups of their own, in a fixed order. */
export function multiply(runtime: WebGpuRuntime, product: Product, a: Operand, b: Operand, c: Operand): void {
  const { transposeA, transposeB, m, n, k } = product;
  if (!transposeA || transposeB) {
    multiplyPart(runtime, product, a, b, c);
    return;
  }
  // Both have k rows, which may be more than can be bound: parts of them are summed.
  const part = (start: number, count: number) => {
    const [aRows, bRows] = [rowsOf(a, start, count, m), rowsOf(b, start, count, n)];
    if (start === 0) {
      multiplyPart(runtime, { ...product, k: count }, aRows, bRows, c);
      return;
    }
    const sum = runtime.output([m, n]);
    multiplyPart(runtime, { ...product, k: count }, aRows, bRows, sum);
    sumParts(runtime, sum, { parts: 1, stride: m * n, count: m * n, add: true }, c);
    runtime.free(sum);
  };
  runtime.forParts('matMul', k, [m, n], part, leastBytes(a));
}

function multiplyPart(runtime: WebGpuRuntime, product: Product, a: Operand, b: Operand, c: Operand): void {
  const { transposeA, transposeB, m, n, k } = product;
  const { broadcast } = runtime.tuning;
  if (broadcast && transposeA && !transposeB && widthOf(m, n) === 4) {
    outerProducts(runtime, product, a, b, c);
  } else if (broadcast && !transposeA && widthOf(k, transposeB ? 4 : n) === 4) {
    rowProducts(runtime, product, a, b, c);
  } else {
    tiledProduct(runtime, product, a, b, c);
  }
}

/** A part of an operand, counted in its stored rows. */
function rowsOf(operand: Operand, start: number, count: number, rowElements: number): Range {
  const whole = 'tensor' in operand ? operand : { tensor: operand, start: 0 };
  return { ...whole, start: whole.start + start * rowElements, count: count * rowElements };
}

const leastBytes = (operand: Operand) => ('tensor' in operand && operand.exponent ? HALF_BYTES : undefined);

/** What a product's program has of the kind of its inputs. */
interface Elements {
  key: string;
  f16: boolean;
  /** The type that is stored where the program computes with this one. */
  type(float: string): string;
  /** The powers of two that halves are multiplied by. */
  exponents: { [name: string]: string };
  bound: Bound;
  begin: string;
  /** WGSL of what is stored for a sum. */
  result(sum: string): string;
}

function elements(a: Operand, b: Operand): Elements {
  const [aExponent, bExponent] = [a, b].map((operand) =>
    'tensor' in operand ? operand.exponent : undefined,
  );
  if (!aExponent || !bExponent) {
    const same = (x: string) => x;
    return { key: '', f16: false, type: same, exponents: {}, bound: {}, begin: '', result: same };
  }
  const halves: { [float: string]: string } = { f32: 'f16', vec2f: 'vec2h', vec4f: 'vec4h' };
  return {
    key: ' f16',
    f16: true,
    type: (float) => halves[float],
    exponents: { aExponent: 'u32', bExponent: 'u32' },
    bound: { aExponent, bExponent },
    begin: UNSCALE,
    result: (sum) => `${sum} * scaleLow * scaleHigh`,
  };
}

/** Runs fn for m in parts that can be bound: rows of A and of C. */
function forRows(
  runtime: WebGpuRuntime,
  { m, n, k }: Product,
  a: Operand,
  c: Operand,
  fn: (m: number, a: Range, c: Range) => void,
): void {
  runtime.forParts(
    'matMul',
    m,
    [k, n],
    (start, count) => fn(count, rowsOf(a, start, count, k), rowsOf(c, start, count, n)),
    leastBytes(a),
  );
}

/**
 * Runs fn with the tensor that parts of k are summed in, [parts, m, n], where there is more than one part; it gives the
 * place of each part. Then adds them up in order.
 */
function withParts(
  runtime: WebGpuRuntime,
  { m, n, k }: Product,
  c: Operand,
  { groups, smallest }: { groups: number; smallest: number },
  fn: (target: Operand, parts: number, partLength: number) => void,
): void {
  const wanted = Math.min(Math.ceil(runtime.tuning.targetGroups / groups), Math.floor(k / smallest));
  if (wanted <= 1) {
    fn(c, 1, k);
    return;
  }
  const partLength = Math.ceil(Math.ceil(k / wanted) / 4) * 4;
  const parts = Math.ceil(k / partLength);
  const partials = runtime.output([parts, m, n]);
  fn(partials, parts, partLength);
  sumParts(runtime, partials, { parts, stride: m * n, count: m * n }, c);
  runtime.free(partials);
}

/** c[i] = the sum of partials[p, first + i] over p, in order; with `add` it is added to c[i]. */
export function sumParts(
  runtime: WebGpuRuntime,
  partials: tf.TensorInfo,
  {
    parts,
    stride,
    count,
    first = 0,
    add = false,
  }: { parts: number; stride: number; count: number; first?: number; add?: boolean },
  c: Operand,
): void {
  const { workgroupSize } = runtime.tuning;
  const width = widthOf(stride, count, first);
  const type = width === 4 ? 'vec4f' : 'f32';
  const program: Program = {
    key: `sumParts ${width} ${add} ${workgroupSize}`,
    inputs: { partials: type },
    outputs: { c: type },
    uniforms: { count: 'u32', stride: 'u32', parts: 'u32', first: 'u32' },
    workgroupSize,
    body: `
  let i = group * ${workgroupSize}u + local;
  if (i < u.count) {
    var sum = ${add ? 'c[i]' : `${type}()`};
    for (var p = 0u; p < u.parts; p++) { sum += partials[u.first + p * u.stride + i]; }
    c[i] = sum;
  }`,
  };
  const numbers = { count: count / width, stride: stride / width, parts, first: first / width };
  runtime.run(program, { partials, c }, numbers, Math.ceil(count / width / workgroupSize));
}

/**
 * Rows of A times B: an invocation has two rows and up to 32 columns in registers. The subgroup loads the part of B that
 * all its rows need once, a vec4 an invocation, and broadcasts it.
 */
function rowProducts(runtime: WebGpuRuntime, product: Product, a: Operand, b: Operand, c: Operand): void {
  const size = runtime.tuning.broadcast;
  const { transposeB, n, k, bRows = transposeB ? n : k } = product;
  const columns = [32, 16, 8].reduce((best, width) => {
    const padded = (width: number) => Math.ceil(n / width) * width;
    return padded(width) < padded(best) ? width : best;
  });
  const rows = 2;
  const vectors = columns; // Of B for four k: either four columns of one k, or four k of one column.
  const loads = Math.ceil(vectors / size);
  const quads = columns / 4;
  // The vector of B that holds k + (i / quads), columns 4 · (i % quads), or column i of k … k + 3.
  const address = (i: string) =>
    transposeB
      ? `min(first + ${i}, u.bRows - 1u) * (u.k / 4u) + k`
      : `min(4u * k + ${i} / ${quads}u, u.bRows - 1u) * (u.n / 4u) + min(first / 4u + ${i} % ${quads}u, u.n / 4u - 1u)`;
  const value = (at: number) => `subgroupBroadcast(b${Math.floor(at / size)}, ${at % size}u)`;
  const multiplyAdd = transposeB
    ? repeat(
        columns,
        (j) =>
          `    { let w = ${value(j)}; ${repeat(rows, (r) => `c${r}_${j >> 2}.${'xyzw'[j & 3]} += dot(a${r}, w);`, ' ')} }`,
      )
    : repeat(4, (i) =>
        repeat(
          quads,
          (j) =>
            `    { let w = ${value(i * quads + j)}; ${repeat(rows, (r) => `c${r}_${j} = fma(vec4f(a${r}.${'xyzw'[i]}), w, c${r}_${j});`, ' ')} }`,
        ),
      );
  const e = elements(a, b);
  const vectorStores = n % 4 === 0;
  const store = (r: number, j: number) =>
    vectorStores
      ? `if (row + ${r}u < u.m && first + ${4 * j}u < u.n) { c[((row + ${r}u) * u.n + first) / 4u + ${j}u] = ${e.result(`c${r}_${j}`)}; }`
      : repeat(
          4,
          (i) =>
            `if (row + ${r}u < u.m && first + ${4 * j + i}u < u.n) { c[(row + ${r}u) * u.n + first + ${4 * j + i}u] = ${e.result(`c${r}_${j}.${'xyzw'[i]}`)}; }`,
        );
  const program: Program = {
    key: `matMulRows ${size} ${columns} ${transposeB} ${vectorStores}${e.key}`,
    f16: e.f16,
    inputs: { a: e.type('vec4f'), b: e.type('vec4f'), ...e.exponents },
    outputs: { c: vectorStores ? 'vec4f' : 'f32' },
    uniforms: { m: 'u32', n: 'u32', k: 'u32', bRows: 'u32', columnBlocks: 'u32' },
    workgroupSize: size,
    subgroups: true,
    body: `${e.begin}
  let first = (group % u.columnBlocks) * ${columns}u;
  let row = ((group / u.columnBlocks) * ${size}u + local) * ${rows}u;
  ${repeat(rows, (r) => `let origin${r} = min(row + ${r}u, u.m - 1u) * (u.k / 4u);`)}
  ${repeat(rows, (r) => repeat(quads, (j) => `var c${r}_${j} = vec4f();`))}
  for (var k = 0u; k < u.k / 4u; k++) {
    ${repeat(loads, (q) => `let b${q} = vec4f(b[${address(`(lane + ${q * size}u)`)}]);`)}
    ${repeat(rows, (r) => `let a${r} = vec4f(a[origin${r} + k]);`)}
${multiplyAdd}
  }
  ${repeat(rows, (r) => repeat(quads, (j) => store(r, j)))}`,
  };
  const columnBlocks = Math.ceil(n / columns);
  forRows(runtime, product, a, c, (m, aRows, cRows) => {
    const groups = Math.ceil(m / (size * rows)) * columnBlocks;
    runtime.run(program, { a: aRows, b, c: cRows, ...e.bound }, { m, n, k, bRows, columnBlocks }, groups);
  });
}

/**
 * Aᵀ · B as a sum of outer products over the rows that both have: an invocation has up to four columns of A and 16 of B in
 * registers. k is their row count, which is long in the gradient of weights.
 */
function outerProducts(runtime: WebGpuRuntime, product: Product, a: Operand, b: Operand, c: Operand): void {
  const size = runtime.tuning.broadcast;
  const { m, n, k } = product;
  const rows = m >= 4 * size ? 4 : m >= 2 * size ? 2 : 1;
  const columns = n <= 8 ? 8 : 16;
  const quads = columns / 4;
  const unroll = 4;
  const loads = Math.ceil((unroll * quads) / size);
  const aType = { 1: 'f32', 2: 'vec2f', 4: 'vec4f' }[rows];
  const part = (r: number) => (rows === 1 ? '' : `.${'xyzw'[r]}`);
  const e = elements(a, b);
  const program: Program = {
    key: `matMulOuter ${size} ${rows} ${columns}${e.key}`,
    f16: e.f16,
    inputs: { a: e.type(aType), b: e.type('vec4f'), ...e.exponents },
    outputs: { c: 'vec4f' },
    uniforms: { m: 'u32', n: 'u32', k: 'u32', rowBlocks: 'u32', columnBlocks: 'u32', partLength: 'u32' },
    workgroupSize: size,
    subgroups: true,
    body: `${e.begin}
  let first = (group % u.columnBlocks) * ${columns}u;
  let block = group / u.columnBlocks;
  let row = ((block % u.rowBlocks) * ${size}u + local) * ${rows}u;
  let part = block / u.rowBlocks;
  let origin = min(row, u.m - ${rows}u) / ${rows}u;
  let end = min((part + 1u) * u.partLength, u.k);
  ${repeat(rows, (r) => repeat(quads, (j) => `var c${r}_${j} = vec4f();`))}
  for (var k = part * u.partLength; k < end; k += ${unroll}u) {
    ${repeat(
      loads,
      (q) => `let at${q} = lane + ${q * size}u;
    let b${q} = vec4f(b[min(k + at${q} / ${quads}u, u.k - 1u) * (u.n / 4u) + min(first / 4u + at${q} % ${quads}u, u.n / 4u - 1u)]);`,
    )}
    ${repeat(
      unroll,
      (
        i,
      ) => `let a${i} = ${aType}(a[min(k + ${i}u, u.k - 1u) * (u.m / ${rows}u) + origin]) * f32(k + ${i}u < end);
${repeat(quads, (j) => {
  const at = i * quads + j;
  return `    { let w = subgroupBroadcast(b${Math.floor(at / size)}, ${at % size}u); ${repeat(rows, (r) => `c${r}_${j} = fma(vec4f(a${i}${part(r)}), w, c${r}_${j});`, ' ')} }`;
})}`,
    )}
  }
  let to = part * u.m * u.n;
  ${repeat(rows, (r) =>
    repeat(
      quads,
      (j) =>
        `if (row + ${r}u < u.m && first + ${4 * j}u < u.n) { c[(to + (row + ${r}u) * u.n + first) / 4u + ${j}u] = ${e.result(`c${r}_${j}`)}; }`,
    ),
  )}`,
  };
  const rowBlocks = Math.ceil(m / (size * rows));
  const columnBlocks = Math.ceil(n / columns);
  const groups = rowBlocks * columnBlocks;
  withParts(runtime, product, c, { groups, smallest: 64 }, (target, parts, partLength) =>
    runtime.run(
      program,
      { a, b, c: target, ...e.bound },
      { m, n, k, rowBlocks, columnBlocks, partLength },
      groups * parts,
    ),
  );
}

/** Tiles of C by a workgroup, through workgroup memory: any sizes and forms. */
function tiledProduct(runtime: WebGpuRuntime, product: Product, a: Operand, b: Operand, c: Operand): void {
  const { transposeA, transposeB, m, n, k, bRows = transposeB ? n : k } = product;
  // Threads 16 × 16 or 8 × 8, each with 4 × 4 of C.
  const side = runtime.tuning.workgroupLimit >= 256 && m > 32 && n > 32 ? 16 : 8;
  const tile = 4 * side;
  const depth = 16;
  const threads = side * side;
  const bounded = (name: string, index: string) => (name === 'b' ? `min(${index}, u.bRows - 1u)` : index);
  const load = (name: string, transposed: boolean, outer: string) => `
    for (var i = local; i < ${tile * depth}u; i += ${threads}u) {
      ${
        // Neighbors read neighbors: along k where k is contiguous, else along the outer axis.
        (name === 'a') === !transposed
          ? `let o = i / ${depth}u; let d = i % ${depth}u;`
          : `let o = i % ${tile}u; let d = i / ${tile}u;`
      }
      let outer = ${outer}First + o;
      let inner = k0 + d;
      var value = 0.0;
      if (outer < u.${outer} && inner < end) { value = f32(${name}[${
        (name === 'a') === !transposed
          ? `${bounded(name, 'outer')} * u.k + inner`
          : `${bounded(name, 'inner')} * u.${outer} + outer`
      }]); }
      ${name}Tile[d * ${tile}u + o] = value;
    }`;
  const e = elements(a, b);
  const program: Program = {
    key: `matMulTiled ${side} ${transposeA} ${transposeB}${e.key}`,
    f16: e.f16,
    inputs: { a: e.type('f32'), b: e.type('f32'), ...e.exponents },
    outputs: { c: 'f32' },
    uniforms: {
      m: 'u32',
      n: 'u32',
      k: 'u32',
      bRows: 'u32',
      rowBlocks: 'u32',
      columnBlocks: 'u32',
      partLength: 'u32',
    },
    workgroupSize: threads,
    declarations: `var<workgroup> aTile: array<f32, ${tile * depth}>;\nvar<workgroup> bTile: array<f32, ${tile * depth}>;`,
    body: `${e.begin}
  let nFirst = (group % u.columnBlocks) * ${tile}u;
  let block = group / u.columnBlocks;
  let mFirst = (block % u.rowBlocks) * ${tile}u;
  let part = block / u.rowBlocks;
  let end = min((part + 1u) * u.partLength, u.k);
  let row = (local / ${side}u) * 4u;
  let column = (local % ${side}u) * 4u;
  ${repeat(4, (r) => `var c${r} = vec4f();`)}
  for (var k0 = part * u.partLength; k0 < end; k0 += ${depth}u) {
    workgroupBarrier();${load('a', transposeA, 'm')}${load('b', transposeB, 'n')}
    workgroupBarrier();
    for (var d = 0u; d < ${depth}u; d++) {
      let w = vec4f(${repeat(4, (j) => `bTile[d * ${tile}u + column + ${j}u]`, ', ')});
      ${repeat(4, (r) => `c${r} = fma(vec4f(aTile[d * ${tile}u + row + ${r}u]), w, c${r});`)}
    }
  }
  let to = part * u.m * u.n;
  ${repeat(4, (r) =>
    repeat(
      4,
      (j) =>
        `if (mFirst + row + ${r}u < u.m && nFirst + column + ${j}u < u.n) { c[to + (mFirst + row + ${r}u) * u.n + nFirst + column + ${j}u] = ${e.result(`c${r}.${'xyzw'[j]}`)}; }`,
    ),
  )}`,
  };
  const columnBlocks = Math.ceil(n / tile);
  const run = (m: number, a: Operand, c: Operand, parts: number, partLength: number) => {
    const rowBlocks = Math.ceil(m / tile);
    const numbers = { m, n, k, bRows, rowBlocks, columnBlocks, partLength };
    runtime.run(program, { a, b, c, ...e.bound }, numbers, rowBlocks * columnBlocks * parts);
  };
  const groups = Math.ceil(m / tile) * columnBlocks;
  withParts(runtime, product, c, { groups, smallest: 256 }, (target, parts, partLength) => {
    if (parts > 1 || transposeA) run(m, a, target, parts, partLength);
    else forRows(runtime, product, a, c, (count, aRows, cRows) => run(count, aRows, cRows, 1, k));
  });
}

export const matMulWebGpu: Kernel<{ a: tf.Tensor2D; b: tf.Tensor2D }, ProductAttrs> = ({
  inputs: { a, b },
  attrs: { transposeA, transposeB, precision },
  backend,
}) => {
  const runtime = webGpuRuntime(backend);
  const [m, k] = transposeA ? [a.shape[1], a.shape[0]] : a.shape;
  const n = transposeB ? b.shape[0] : b.shape[1];
  const c = runtime.output([m, n]);
  withOperands(runtime, precision, [a, b], (left, right) =>
    multiply(runtime, { transposeA, transposeB, m, n, k }, left, right, c),
  );
  return c;
};
