import { widthOf } from '../program.js';
import type { Operand, WebGpuRuntime } from '../runtime.js';
import { sumParts } from '../sum-parts.js';
import { multiplyByOuterProducts } from './outer-products.js';
import { elementBytes, sliceRows } from './parts.js';
import type { Product } from './product.js';
import { multiplyByRows } from './rows.js';
import { multiplyByTiles } from './tiles.js';

/**
 * Records C = A · B, where A and B are both floats or both half floats. If k is large and C small, workgroups sum parts of k,
 * which are then added in a fixed order.
 */
export function multiply(runtime: WebGpuRuntime, product: Product, a: Operand, b: Operand, c: Operand): void {
  const { transposeA, transposeB, m, n, k } = product;
  if (!transposeA || transposeB) {
    multiplyPart(runtime, product, a, b, c);
    return;
  }
  // A and B both have k rows, which may be too many to bind: the products of parts are summed.
  const addPart = (start: number, count: number) => {
    const [aRows, bRows] = [sliceRows(a, start, count, m), sliceRows(b, start, count, n)];
    if (start === 0) {
      multiplyPart(runtime, { ...product, k: count }, aRows, bRows, c);
      return;
    }
    const sum = runtime.output([m, n]);
    multiplyPart(runtime, { ...product, k: count }, aRows, bRows, sum);
    sumParts(runtime, sum, { parts: 1, stride: m * n, count: m * n, add: true }, c);
    runtime.free(sum);
  };
  runtime.forParts('matMul', k, [m, n], addPart, elementBytes(a));
}

/** Chooses a strategy: registers and subgroup broadcasts on software devices, if the sizes allow vec4; else tiles. */
function multiplyPart(runtime: WebGpuRuntime, product: Product, a: Operand, b: Operand, c: Operand): void {
  const { transposeA, transposeB, m, n, k } = product;
  const { broadcast } = runtime.tuning;
  if (broadcast && transposeA && !transposeB && widthOf(m, n) === 4) {
    multiplyByOuterProducts(runtime, product, a, b, c);
  } else if (broadcast && !transposeA && widthOf(k, transposeB ? 4 : n) === 4) {
    multiplyByRows(runtime, product, a, b, c);
  } else {
    multiplyByTiles(runtime, product, a, b, c);
  }
}
