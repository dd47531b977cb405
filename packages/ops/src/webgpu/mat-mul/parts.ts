import { HALF_BYTES, type Operand, type Range, type WebGpuRuntime } from '../runtime.js';
import { sumParts } from '../sum-parts.js';
import type { Product } from './product.js';

/** Returns a part of an operand, given by its stored rows. */
export function sliceRows(operand: Operand, start: number, count: number, rowElements: number): Range {
  const whole = 'tensor' in operand ? operand : { tensor: operand, start: 0 };
  return { ...whole, start: whole.start + start * rowElements, count: count * rowElements };
}

/** Returns the bytes of an operand's element; undefined for the default of floats. */
export function elementBytes(operand: Operand): number | undefined {
  return 'tensor' in operand && operand.exponent ? HALF_BYTES : undefined;
}

/** Splits m into parts that can be bound: rows of A and of C. */
export function forRows(
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
    (start, count) => fn(count, sliceRows(a, start, count, k), sliceRows(c, start, count, n)),
    elementBytes(a),
  );
}

/**
 * Splits k into parts if there are too few workgroups to fill the device. `fn` writes the product of each part to
 * [parts, m, n], or to c if there is one part. The parts are then summed into c, in order.
 */
export function withParts(
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
