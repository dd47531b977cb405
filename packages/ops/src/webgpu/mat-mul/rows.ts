import { type Program, repeat } from '../program.js';
import type { Operand, WebGpuRuntime } from '../runtime.js';
import { elementsOf } from './elements.js';
import { forRows } from './parts.js';
import type { Product } from './product.js';

/**
 * Multiplies rows of A by B; A is not transposed. Each invocation keeps two rows and up to 32 columns of C in registers. The
 * subgroup loads each part of B once, a vec4 per invocation, and broadcasts it.
 */
export function multiplyByRows(
  runtime: WebGpuRuntime,
  product: Product,
  a: Operand,
  b: Operand,
  c: Operand,
): void {
  const size = runtime.tuning.broadcast;
  const { transposeB, n, k, bRows = transposeB ? n : k } = product;
  const columns = [32, 16, 8].reduce((best, width) => {
    const padded = (width: number) => Math.ceil(n / width) * width;
    return padded(width) < padded(best) ? width : best;
  });
  const rows = 2;
  // For every four k, B has one vec4 per column: four columns of one k, or four k of one column if transposed.
  const loads = Math.ceil(columns / size);
  const quads = columns / 4;
  // The i-th vec4 of B: columns 4 · (i % quads) … of k + i / quads, or, if transposed, k … k + 3 of column i.
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
  const e = elementsOf(a, b);
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
