import { type Program, repeat } from '../program.js';
import type { Operand, WebGpuRuntime } from '../runtime.js';
import { elementsOf } from './elements.js';
import { forRows, withParts } from './parts.js';
import type { Product } from './product.js';

/** Computes a tile of C per workgroup through workgroup memory, for any sizes and transpositions. */
export function multiplyByTiles(
  runtime: WebGpuRuntime,
  product: Product,
  a: Operand,
  b: Operand,
  c: Operand,
): void {
  const { transposeA, transposeB, m, n, k, bRows = transposeB ? n : k } = product;
  // A workgroup has 16 × 16 or 8 × 8 invocations, each with 4 × 4 values of C.
  const side = runtime.tuning.workgroupLimit >= 256 && m > 32 && n > 32 ? 16 : 8;
  const tile = 4 * side;
  const depth = 16;
  const threads = side * side;
  const bounded = (name: string, index: string) => (name === 'b' ? `min(${index}, u.bRows - 1u)` : index);
  const load = (name: string, transposed: boolean, outer: string) => `
    for (var i = local; i < ${tile * depth}u; i += ${threads}u) {
      ${
        // Neighboring invocations read neighboring values: along k if k is contiguous, else along the outer axis.
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
  const e = elementsOf(a, b);
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
