import { type Program, repeat } from '../program.js';
import type { Operand, WebGpuRuntime } from '../runtime.js';
import { elementsOf } from './elements.js';
import { withParts } from './parts.js';
import type { Product } from './product.js';

/**
 * Computes Aᵀ · B as a sum of outer products over the k rows of A and B. Each invocation keeps the products of up to four
 * columns of A and 16 of B in registers. k is large in the gradient of weights.
 */
export function multiplyByOuterProducts(
  runtime: WebGpuRuntime,
  product: Product,
  a: Operand,
  b: Operand,
  c: Operand,
): void {
  const size = runtime.tuning.broadcast;
  const { m, n, k } = product;
  const rows = m >= 4 * size ? 4 : m >= 2 * size ? 2 : 1;
  const columns = n <= 8 ? 8 : 16;
  const quads = columns / 4;
  const unroll = 4;
  const loads = Math.ceil((unroll * quads) / size);
  const aType = { 1: 'f32', 2: 'vec2f', 4: 'vec4f' }[rows];
  const component = (r: number) => (rows === 1 ? '' : `.${'xyzw'[r]}`);
  const e = elementsOf(a, b);
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
  return `    { let w = subgroupBroadcast(b${Math.floor(at / size)}, ${at % size}u); ${repeat(rows, (r) => `c${r}_${j} = fma(vec4f(a${i}${component(r)}), w, c${r}_${j});`, ' ')} }`;
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
