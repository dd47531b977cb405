import { repeat } from './program.js';

/** WGSL declarations that {@link reduceOverWorkgroup} stands on: one array a value, none for a single invocation. */
export function sharedReducer(reducers: number, types: string[]): string {
  if (reducers === 1) return '';
  return repeat(types.length, (i) => `var<workgroup> shared${i}: array<${types[i]}, ${reducers}>;`);
}

/**
 * WGSL that replaces each variable by its sum (or what `combine` makes of two) over the workgroup, the same in every invocation, in an order that is always
 * the same. All invocations must come by.
 */
export function reduceOverWorkgroup(
  reducers: number,
  variables: string[],
  combine = (a: string, b: string) => `${a} + ${b}`,
): string {
  if (reducers === 1) return '';
  return `
  workgroupBarrier();
  ${repeat(variables.length, (i) => `shared${i}[local] = ${variables[i]};`)}
  for (var half = ${reducers / 2}u; half > 0u; half /= 2u) {
    workgroupBarrier();
    if (local < half) { ${repeat(variables.length, (i) => `shared${i}[local] = ${combine(`shared${i}[local]`, `shared${i}[local + half]`)};`, ' ')} }
  }
  workgroupBarrier();
  ${repeat(variables.length, (i) => `${variables[i]} = shared${i}[0];`)}`;
}
